"""How is a training measured while it goes on?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenSwap
from understudy.training.checkpoints import Checkpoints
from understudy_sdk import Aligner, CropSpec, Resources
from understudy_sdk.errors import MissingWeightsError
from understudy_sdk.types import F32

from .faces import MeasuredFaces, measured_faces
from .held_out import held_folder
from .looking import Look, looking_with
from .measuring import Measuring
from .records import MINUTES, read_quality, write_quality

__all__ = ["Tell", "Watching", "faces_of_side", "look_of", "measuring_for"]

Tell = Callable[[int, Mapping[str, float]], None]
"""Hears of a step's measures."""


class Watching:
    """Measures a learner after a step, and keeps what came of it with the time that was spent learning by then."""

    def __init__(self, measuring: Callable[[Any], Mapping[str, float]], folder: Path, tell: Tell | None = None) -> None:
        """Begin to count the time.

        Args:
            measuring: Measures a model.
            folder: The training's.
            tell: Also hears of the measures.
        """
        self._measuring, self._folder, self._tell = measuring, folder, tell
        state = Checkpoints(folder).peek()
        self._began_at = state.step if state else 0
        self._start_s = time.monotonic()

    def __call__(self, model: Any, step: int) -> dict[str, float]:
        """Return the measures by name, ``score`` among them where the model learns; less is better."""
        begin_s = time.monotonic()
        measures = dict(self._measuring(model))
        write_quality(self._folder, step, self._minutes(step, begin_s), measures)
        if self._tell is not None:
            self._tell(step, measures)
        self._start_s += time.monotonic() - begin_s  # measuring is not learning
        return measures

    def _minutes(self, step: int, now_s: float) -> float:
        """Return for how long was learnt by now; what an earlier run took beyond its last measuring is estimated."""
        here = (now_s - self._start_s) / 60.0
        if not self._began_at:
            return here
        past = [
            (at, values[MINUTES])
            for at, values in read_quality(self._folder).rows(self._began_at)
            if values.get(MINUTES, 0.0) > 0.0
        ]
        at, minutes = past[-1] if past else (max(step - self._began_at, 1), here)
        return minutes / at * self._began_at + here


def measuring_for(
    swap: ChosenSwap,
    folder: Path,
    spec: CropSpec,
    resources: Resources,
    progress: Progress,
    *,
    tell: Tell | None = None,
) -> Watching:
    """Return what measures a swap's training.

    Args:
        swap: The swap.
        folder: Of its training; the faces lie in it.
        spec: The model's crops.
        resources: For the aligner.
        progress: Hears that landmarks are not measured, where the aligner's weights are not here.
        tell: Also hears of the measures.

    Raises:
        StoreError: When the faces are missing or damaged.
    """
    measuring = Measuring(
        faces_of_side(folder, "source", spec), faces_of_side(folder, "target", spec), look_of(swap, resources, progress)
    )
    return Watching(measuring, folder, tell)


def faces_of_side(folder: Path, side: str, spec: CropSpec, most: int = 64) -> MeasuredFaces:
    """Return the faces with which a side of the training in a folder is measured."""
    learnt = folder / "faces" / side
    apart = held_folder(learnt)
    is_held_out = apart.is_dir()
    return measured_faces(apart if is_held_out else learnt, spec, is_held_out=is_held_out, most=most)


def look_of(swap: ChosenSwap, resources: Resources, progress: Progress) -> Look:
    """Return how the target's aligner looks at swapped faces; it is built when it first looks.

    Where its weights are not on this machine, it sees nothing, and that is said once.
    """
    chosen, built = swap.target.extract.aligner, list[Look | None]()

    def look(crops: Any, about: Any) -> list[F32 | None]:
        if not built:
            try:
                aligner: Aligner = chosen.build(resources)
                built.append(looking_with(aligner))
            except MissingWeightsError as error:
                progress.say(f"landmarks of swaps are not measured: {error}")
                built.append(None)
        if built[0] is None:
            return [None] * len(crops)
        with blaming(chosen.offer, "looking at swapped faces"):
            return built[0](crops, about)

    return look
