"""Which value holds at a frame, where keyframes state it at some?"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.project import Chosen, ChosenKeyframe, ChosenSwap
from understudy.project.chosen_time import Transition
from understudy.project.wording import problems_of

__all__ = ["STEPS", "Curve", "curves_of", "mixed", "model_curves", "opacity_curve", "with_values"]

STEPS: Final = 256
"""A setting goes from one keyframe to the next in so many steps at most, for each of which a merger may be built."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A value over the frames of a clip.

    Attributes:
        frames: Those of its keyframes, ascending.
        values: At these.
        ways: How it goes on from each to the next.
    """

    frames: tuple[int, ...]
    values: tuple[Any, ...]
    ways: tuple[Transition, ...]

    def at(self, clock: Clock, frame: int, steps: int | None = None) -> Any:
        """Return the value at a frame: numbers change with time, all else holds; it ends level on both sides.

        Args:
            clock: Of the clip.
            frame: The frame.
            steps: In how many steps it goes from keyframe to keyframe; None goes without steps.
        """
        here = bisect_right(self.frames, frame) - 1
        if here < 0:
            return self.values[0]
        if here + 1 == len(self.frames) or self.ways[here] == "hold":
            return self.values[here]
        way = clock.way(clock.tick(frame), self.frames[here], self.frames[here + 1])
        way = round(way * steps) / steps if steps else way
        if self.ways[here] == "smooth":
            way = way * way * (3.0 - 2.0 * way)
        return mixed(self.values[here], self.values[here + 1], way)


def mixed(one: Any, other: Any, way: float) -> Any:
    """Return what lies part of the way between two values; whole numbers stay whole, what is no number holds."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return {key: mixed(value, other[key], way) for key, value in one.items()}
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return type(one)(mixed(*pair, way) for pair in zip(one, other, strict=True))
    if not (_is_number(one) and _is_number(other)):
        return one
    between = one + (other - one) * way
    return math.floor(between + 0.5) if isinstance(one, int) and isinstance(other, int) else float(between)


def curves_of(keyframes: Iterable[ChosenKeyframe], frame_of: Callable[[ChosenKeyframe], int]) -> dict[str, Curve]:
    """Return the curve of every setting of the merger that some keyframe states."""
    keyframes = list(keyframes)
    names = dict.fromkeys(name for keyframe in keyframes for name in keyframe.values)
    return {
        name: _curve([(frame_of(one), one.values[name], one.then) for one in keyframes if name in one.values])
        for name in names
    }


def model_curves(swap: ChosenSwap, clock: Clock) -> dict[str, Curve]:
    """Return the curve of every setting of a swap's model that some keyframe states."""
    of_model = [replace(one, values=one.model_values) for one in swap.times.keyframes]
    return curves_of(of_model, lambda keyframe: clock.frame(keyframe.at))


def with_values(chosen: Chosen, curves: Mapping[str, Curve], clock: Clock, frame: int) -> Chosen:
    """Return a stage with the values that its curves have at a frame.

    Raises:
        RequestError: The plugin does not take what lies between two keyframes.
    """
    if not curves:
        return chosen
    keyed = {name: curve.at(clock, frame, STEPS) for name, curve in curves.items()}
    model = type(chosen.config)
    try:
        config = model.model_validate({**chosen.config.model_dump(), **keyed})
    except ValidationError as error:
        what = "; ".join(".".join(map(str, one.loc)) + ": " + one.text for one in problems_of(error, model))
        raise RequestError(f"lead to a value at frame {frame} that {chosen.name!r} does not take: {what}") from error
    return Chosen(chosen.stage, chosen.offer, config)


def opacity_curve(keyframes: Iterable[ChosenKeyframe], frame_of: Callable[[ChosenKeyframe], int]) -> Curve | None:
    """Return the curve of the opacity, or None where no keyframe states it."""
    points = [(frame_of(one), one.opacity, one.then) for one in keyframes if one.opacity is not None]
    return _curve(points) if points else None


def _curve(points: list[tuple[int, Any, Transition]]) -> Curve:
    frames, values, ways = zip(*points, strict=True)
    return Curve(frames, values, ways)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
