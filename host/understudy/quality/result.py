"""How good are the swaps of a project's newest training, and was that found out already?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy.learning import swap_artifact
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenSwap
from understudy.store import WorkFolder, read_json, write_json
from understudy.teaching import learnt_by, load_learnt
from understudy_sdk import Model, Resources

from .measuring import Measuring
from .watching import faces_of_side, look_of

__all__ = ["RESULT_NAME", "Result", "result_of"]

RESULT_NAME: Final = "result.json"
"""File name, in a training's folder, of the newest measures of what it gives."""

_FORMAT: Final = 1
"""Raised when the same model would have other measures."""
_FACES: Final = 48
"""Of each side, at most."""


@dataclass(frozen=True, slots=True)
class Result:
    """Measures of what a checkpoint gives.

    Attributes:
        step: The checkpoint's.
        is_held_out: Whether the target's faces were held out; else the model knows them.
        faces: How many of the target's faces were swapped for it.
        measures: By name.
    """

    step: int
    is_held_out: bool
    faces: int
    measures: dict[str, float]


def result_of(work: WorkFolder, swap: ChosenSwap, resources: Resources, progress: Progress) -> Result | None:
    """Return the measures of what a swap would be merged with now; they are kept beside the training for the next time.

    Args:
        work: Where the training lies.
        swap: The swap.
        resources: For the model and the aligner.
        progress: Hears that it is measured, and what cannot be.

    Returns:
        None where nothing was learnt yet.

    Raises:
        RequestError: The checkpoint that the project names is not there.
        StoreError: When faces or weights are missing or damaged.
        PluginFailedError: When the model raises something.
    """
    folder, learnt = swap_artifact(work, swap).folder, learnt_by(work, swap)
    if not learnt:
        return None
    key = {"format": _FORMAT, "learnt": learnt}
    found = read_json(folder / RESULT_NAME)
    if isinstance(found, dict) and found.get("key") == key:
        return Result(found["step"], found["is_held_out"], found["faces"], found["measures"])
    progress.say(f"measuring step {learnt[0]} of {folder.name}")
    result = _measured(load_learnt(work, swap, resources, progress), swap, folder, resources, progress)
    write_json(folder / RESULT_NAME, {"key": key, "step": learnt[0], **result})
    return Result(learnt[0], **result)


def _measured(model: Model, swap: ChosenSwap, folder: Path, resources: Resources, progress: Progress) -> dict[str, Any]:
    with blaming(swap.model.offer, "naming its crops"):
        spec = model.crop_spec
    source, target = (faces_of_side(folder, side, spec, _FACES) for side in ("source", "target"))
    measuring = Measuring(source, target, look_of(swap, resources, progress))
    with blaming(swap.model.offer, "being measured"):
        measures = {name: round(value, 6) for name, value in measuring(model).items()}
    return {"is_held_out": target.is_held_out, "faces": len(target.crops), "measures": measures}
