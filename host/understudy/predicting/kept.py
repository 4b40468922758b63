"""Which answers of a swap's model are kept, which are missing, and how are they looked up?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from understudy.progress import Progress
from understudy.project import ChosenSwap
from understudy.store import Artifact, WorkFolder
from understudy.teaching import learnt_by
from understudy_sdk import CropSpec

from .answers import Answer, AnswerFile, is_whole
from .units import UNIT_FRAMES, Span, Unit, predict_artifact, units_of, units_over

__all__ = ["AnswerBook", "KeptAnswers", "answers_of"]

_OPEN: Final = 3  # files at a time: a frame's neighbours reach no further


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """The answers of one swap's model on one clip, as far as they are made.

    Attributes:
        swap: The swap.
        artifact: Their folder.
        units: All there are to be, by their span.
    """

    swap: ChosenSwap
    artifact: Artifact
    units: Mapping[Span, Unit]

    def progress(self) -> tuple[int, int]:
        """Return how many faces have their answers, and how many there are."""
        done = sum(len(unit.faces) for unit in self.units.values() if unit.path.is_file())
        return done, sum(len(unit.faces) for unit in self.units.values())

    def missing(self, spans: Iterable[Span], progress: Progress) -> dict[Span, Unit]:
        """Return the units under some spans of frames that have to be made; damaged files are named and deleted."""
        missing = {}
        for span in sorted(units_over(spans) & self.units.keys()):
            unit = self.units[span]
            if unit.path.is_file() and not is_whole(unit.path):
                progress.say(f"{unit.path} is damaged; what it held is predicted again")
                unit.path.unlink()
            if not unit.path.is_file():
                missing[span] = unit
        return missing

    def files(self, spans: Iterable[Span]) -> dict[int, Path]:
        """Return the files under some spans of frames, by their first frame."""
        return {span[0]: self.units[span].path for span in sorted(units_over(spans) & self.units.keys())}


def answers_of(work: WorkFolder, clip: Path, swap: ChosenSwap) -> KeptAnswers:
    """Return what is kept of a swap's answers on a clip."""
    artifact = predict_artifact(work, clip, swap, learnt_by(work, swap))
    return KeptAnswers(swap, artifact, units_of(work, artifact, clip, swap))


class AnswerBook:
    """Looks answers up in files, of which few are open at a time."""

    def __init__(self, files: Mapping[int, Path]) -> None:
        """Take the files by their first frame; none is opened yet."""
        self._files = files
        self._open: OrderedDict[int, AnswerFile] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def answer(self, frame: int, face: str) -> tuple[CropSpec, Answer] | None:
        """Return what the model saw of a face and answered, or None where its frame could not be decoded."""
        first = frame - frame % UNIT_FRAMES
        path = self._files.get(first)
        if path is None:
            return None
        if first not in self._open:
            if len(self._open) >= _OPEN:
                self._open.popitem(last=False)[1].close()
            self._open[first] = AnswerFile(path)
        self._open.move_to_end(first)
        file = self._open[first]
        answer = file.answer(face)
        return None if answer is None else (file.spec, answer)
