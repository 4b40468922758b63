"""What does a checked project say of parts of a clip and of moments in it?"""

from __future__ import annotations

from collections.abc import Callable

from .choosing import Choices
from .chosen_time import ChosenKeyframe, ChosenRange, ChosenTimes
from .face_choice import FaceChoice
from .form import SwapForm
from .places import Loc
from .time_form import KeyframeForm, RangeForm

__all__ = ["ranges_of", "times_of"]


def ranges_of(
    loc: Loc, form: SwapForm, choices: Choices, meant: Callable[[FaceChoice], FaceChoice]
) -> tuple[ChosenRange, ...]:
    """Return the ranges of the swap that stands at a place.

    Args:
        loc: The place.
        form: The swap.
        choices: What was chosen in the project.
        meant: Gives what a choice of faces means in the swap's target.
    """
    return tuple(
        _range((*loc, "ranges", number), part, choices, meant(part.face) if part.face else None)
        for number, part in enumerate(form.ranges)
    )


def times_of(loc: Loc, form: SwapForm | RangeForm, choices: Choices) -> ChosenTimes:
    """Return what changes while the swap or the range that stands at a place goes on."""
    return ChosenTimes(
        form.opacity,
        form.fade_in,
        form.fade_out,
        tuple(_keyframe((*loc, "keyframes", number), one, choices) for number, one in enumerate(form.keyframes)),
    )


def _range(loc: Loc, form: RangeForm, choices: Choices, face: FaceChoice | None) -> ChosenRange:
    is_merger_stated = form.merger is not None or any(keyframe.merger for keyframe in form.keyframes)
    return ChosenRange(
        start=form.start,
        end=form.end,
        merger=choices[loc] if is_merger_stated else None,
        own=frozenset(form.merger.settings if form.merger else ()),
        face=face,
        skip=form.skip,
        times=times_of(loc, form, choices),
    )


def _keyframe(loc: Loc, form: KeyframeForm, choices: Choices) -> ChosenKeyframe:
    held = choices[loc].config.model_dump()
    values = {name: held[name] for name in form.merger}
    of_model = choices[*loc, "model"].config.model_dump() if form.model else {}
    return ChosenKeyframe(form.at, values, {name: of_model[name] for name in form.model}, form.opacity, form.then)
