"""Which answers does a merge need that are not there yet, and who makes them?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing

from understudy.predicting import KeptAnswers, Missing, Span, answerer_of, predicted_units, units_over
from understudy.progress import Progress
from understudy.store import WorkFolder
from understudy.swapping import Window
from understudy.video import ClipInfo
from understudy_sdk import Resources

from .jobs import ClipJob
from .recipe import window_of

__all__ = ["NeededAnswers"]


class NeededAnswers:
    """The answers of all swaps that some spans of a clip's frames need, as they come to be there."""

    def __init__(
        self,
        work: WorkFolder,
        job: ClipJob,
        info: ClipInfo,
        kept: Sequence[KeptAnswers],
        spans: Collection[Span],
        progress: Progress,
    ) -> None:
        """Look what is missing; damaged files are named."""
        self._work, self._job, self._info, self._progress = work, job, info, progress
        self._windows: list[Window] = [window_of(part.swap, info) for part in kept]
        self._missing = [
            (part, part.missing([window.widened(span) for span in spans], progress))
            for part, window in zip(kept, self._windows, strict=True)
        ]
        self._awaited = [set(units) for _, units in self._missing]

    @property
    def faces(self) -> int:
        """How many faces have no answer yet."""
        return sum(len(unit.faces) for _, units in self._missing for unit in units.values())

    def are_there(self, span: Span) -> bool:
        """Tell whether all answers that a span of frames needs are there."""
        return not any(
            awaited & units_over([window.widened(span)])
            for window, awaited in zip(self._windows, self._awaited, strict=True)
        )

    def made(self, resources: Resources, heard: Callable[[int], None]) -> Generator[None, None, None]:
        """Make what is missing, and come back each time some more is there; loads the models that are needed."""
        parts = [
            Missing(answerer_of(self._work, part.swap, resources, self._progress, self._job.clip), part, units)
            for part, units in self._missing
            if units
        ]
        if not parts:
            return
        with closing(predicted_units(self._work, self._job.clip, self._info, parts, heard)) as spans:
            for span in spans:
                for awaited in self._awaited:
                    awaited.discard(span)
                yield
