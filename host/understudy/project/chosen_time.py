"""What has a project chosen for parts of a clip and for moments in it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from understudy.timecode import Duration, Moment

from .face_choice import FaceChoice

if TYPE_CHECKING:
    from .chosen import Chosen

__all__ = ["ChosenKeyframe", "ChosenRange", "ChosenTimes", "Transition"]

Transition = Literal["linear", "smooth", "hold"]


@dataclass(frozen=True, slots=True)
class ChosenKeyframe:
    """Values at a moment.

    Attributes:
        at: The moment.
        values: Of the merger's settings, as its own model reads them.
        model_values: Of the model's settings that decide how it swaps.
        opacity: How much of the merged face shows; None leaves it to the keyframes around.
        then: How numbers go on to the next keyframe that states them.
    """

    at: Moment
    values: Mapping[str, Any] = field(default_factory=dict)
    model_values: Mapping[str, Any] = field(default_factory=dict)
    opacity: float | None = None
    then: Transition = "linear"


@dataclass(frozen=True, slots=True)
class ChosenTimes:
    """What changes while a swap, or a range of it, goes on.

    Attributes:
        opacity: How much of the merged face shows; None leaves it to what lies below.
        fade_in: How long the swap takes to come in.
        fade_out: How long it takes to go out.
        keyframes: In the order of time.
    """

    opacity: float | None = None
    fade_in: Duration | None = None
    fade_out: Duration | None = None
    keyframes: tuple[ChosenKeyframe, ...] = ()


@dataclass(frozen=True, slots=True)
class ChosenRange:
    """What holds from ``start`` up to, not including, ``end``; a later range holds over an earlier one.

    Attributes:
        start: Of its first frame.
        end: Of the frame after its last.
        merger: The merger here; None leaves it as it is.
        own: The merger's settings that the range states itself; keyframes of the swap go on with all others.
        face: Which of the swap's faces it is about; None is all of them.
        skip: Whether they are left alone; None leaves it as it is.
        times: What changes while it goes on.
    """

    start: Moment
    end: Moment
    merger: Chosen | None = None
    own: frozenset[str] = frozenset()
    face: FaceChoice | None = None
    skip: bool | None = None
    times: ChosenTimes = ChosenTimes()
