"""How good are the swaps that a project would be merged with now, and was that found out already?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from understudy.learning import faces_stamp, sample_arrays, swap_artifact
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenSwap
from understudy.store import WorkFolder, read_json, write_json
from understudy.teaching import learnt_by, load_learnt
from understudy_sdk import Resources

from .faces import MeasuredFaces
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
        step: The checkpoint's; 0 of a model that learns nothing here.
        is_held_out: Whether the target's faces were held out from what was learnt here.
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
        None where a model that has to learn has learnt nothing yet.

    Raises:
        RequestError: The checkpoint that the project names is not there, or there are no faces to measure with.
        StoreError: When faces or weights are missing or damaged.
        PluginFailedError: When the model raises something.
    """
    folder, learnt = swap_artifact(work, swap).folder, learnt_by(work, swap)
    if swap.iterations and not learnt:
        return None
    step = learnt[0] if learnt else 0
    key = {"format": _FORMAT, "learnt": learnt, "model": swap.model_that_learnt(step).swap_recipe()}
    if not swap.iterations:
        key["faces"] = faces_stamp(work, swap.target, swap.face)
    key = json.loads(json.dumps(key))
    found = read_json(folder / RESULT_NAME)
    if isinstance(found, dict) and found.get("key") == key:
        return Result(found["step"], found["is_held_out"], found["faces"], found["measures"])
    progress.say(f"measuring {f'step {step} of ' if step else ''}{folder.name}")
    result = _measured(work, swap, resources, progress)
    write_json(folder / RESULT_NAME, {"key": key, "step": step, **result})
    return Result(step, **result)


def _measured(work: WorkFolder, swap: ChosenSwap, resources: Resources, progress: Progress) -> dict[str, Any]:
    model = load_learnt(work, swap, resources, progress)
    with blaming(swap.model.offer, "naming its crops"):
        spec = model.crop_spec
    folder = swap_artifact(work, swap).prepare()
    if swap.iterations:
        source: MeasuredFaces | None = faces_of_side(folder, "source", spec, _FACES)
    else:  # nobody knows which source it learnt from
        sample_arrays(work, swap.target, swap.face, spec, folder / "faces" / "target", _FACES)
        source = None
    target = faces_of_side(folder, "target", spec, _FACES)
    measuring = Measuring(source, target, look_of(swap, resources, progress))
    with blaming(swap.model.offer, "being measured"):
        measures = {name: round(value, 6) for name, value in measuring(model).items()}
    return {
        "is_held_out": bool(swap.iterations) and target.is_held_out,
        "faces": len(target.crops),
        "measures": measures,
    }
