"""What is to be done to a target's colours, so that the face that takes them over does not pump from frame to frame?

A merger gives the swapped face the colours of the face it covers, frame by frame, from statistics of both. These
tremble: a mouth opens, a mask moves, a hand passes. Here the statistics of neighbouring frames are averaged, on both
sides, over equally many frames before and after. Light must not be averaged along with them, or the swap would lag
behind a lamp that goes on; so each neighbour's statistics are first brought into the frame's own light, which is found
by comparing the aligned faces place by place, without the places that show something else. All of it comes down to
one change of the target's colours (``Crop.look``), after which any colour transfer is steady.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from understudy_sdk import ColorMove, Crop, Mask, Swap
from understudy_sdk.color_transfer import to_lab
from understudy_sdk.types import F32, F64
from understudy_sdk.warp import resize_square

__all__ = ["Glance", "glance", "steady_look"]

Places = npt.NDArray[np.bool_]

_SIDE: Final = 32  # px: statistics of colour need no more
_LEAST_PLACES: Final = 40  # that both frames show alike
_USUAL_SPREAD: Final = 0.3  # of L*a*b*'s 100: differences as small are never another content
_OUTLYING: Final = 2.5  # spreads from the middle, from which on a place shows something else
_GAIN: Final = 1.25  # contrast changes no more than that from one frame to a near one


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A face and its swap, small.

    Attributes:
        target: float32 (32, 32, 3), CIE L*a*b*: the target's face.
        swap: float32 (32, 32, 3): the model's.
        weights: float32 (32, 32), 0 to 1: the mask.
    """

    target: F32
    swap: F32
    weights: F32


class _Statistics(NamedTuple):
    """Mean and standard deviation of each channel, float64 (3,) each."""

    mean: F64
    deviation: F64


def glance(crop: Crop, swap: Swap, mask: Mask) -> Glance:
    """Return a face and its swap as far as their colours matter."""
    target = resize_square(crop.rgb, _SIDE).astype(np.float32) / np.float32(255.0)
    return Glance(
        to_lab(target), to_lab(np.clip(resize_square(swap.rgb, _SIDE), 0.0, 1.0)), resize_square(mask.values, _SIDE)
    )


def steady_look(own: Glance, neighbours: Sequence[tuple[Glance, float]]) -> ColorMove | None:
    """Return the change of the target's colours that steadies what takes them over; None without neighbours.

    Args:
        own: The frame's face, with the swap that is merged.
        neighbours: Faces of the same track, and what each weighs beside the frame itself, 0 to 1.
    """
    if not neighbours or float(own.weights.sum()) < _LEAST_PLACES:
        return None
    target, swap = _statistics(own.target, own.weights), _statistics(own.swap, own.weights)
    target_mean, swap_mean = _Mean(target), _Mean(swap)
    for other, weight in neighbours:
        alike = _alike(own, other)
        if int(alike.sum()) >= _LEAST_PLACES:
            target_mean.add(_in_light(own.target, other.target, other.weights, alike), weight)
            swap_mean.add(_in_light(own.swap, other.swap, other.weights, alike), weight)
    steady_target, steady_swap = target_mean.value(), swap_mean.value()
    # What a transfer from the steady statistics would make of this frame's swap is what it shall find in the target.
    contrast = steady_target.deviation / steady_swap.deviation
    wanted_mean = steady_target.mean + (swap.mean - steady_swap.mean) * contrast
    gain = np.maximum(swap.deviation * contrast / target.deviation, 1e-3)
    return ColorMove(gain.astype(np.float32), (wanted_mean - gain * target.mean).astype(np.float32))


class _Mean:
    """A weighted mean of statistics that begins with the frame's own at weight 1."""

    def __init__(self, own: _Statistics) -> None:
        self._mean, self._size, self._weight = own.mean.copy(), np.log(own.deviation), 1.0

    def add(self, other: _Statistics, weight: float) -> None:
        self._mean += weight * other.mean
        self._size += weight * np.log(other.deviation)
        self._weight += weight

    def value(self) -> _Statistics:
        return _Statistics(self._mean / self._weight, np.exp(self._size / self._weight))


def _alike(here: Glance, there: Glance) -> Places:
    """Return the places that both masks show and where, but for its light, neither side shows anything else."""
    both = np.flatnonzero((here.weights > 0.5) & (there.weights > 0.5))
    if len(both) < _LEAST_PLACES:
        return np.zeros(here.weights.shape, np.bool_)
    first, second = (np.dstack([one.target, one.swap]).reshape(-1, 6)[both] for one in (here, there))
    apart = first - second
    apart -= np.median(apart, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(apart), axis=0), _USUAL_SPREAD)
    alike = np.zeros(here.weights.size, np.bool_)
    alike[both] = (np.abs(apart) < _OUTLYING * spread).all(axis=1)
    return alike.reshape(here.weights.shape)


def _in_light(here: F32, there: F32, weights: F32, alike: Places) -> _Statistics:
    """Return the statistics of another frame as they would be in this one's light."""
    first, second = here[alike].astype(np.float64), there[alike].astype(np.float64)
    gain = np.clip(_deviation(first) / _deviation(second), 1 / _GAIN, _GAIN)
    found = _statistics(there, weights)
    return _Statistics(first.mean(axis=0) + gain * (found.mean - second.mean(axis=0)), gain * found.deviation)


def _deviation(values: F64) -> F64:
    return np.asarray(np.maximum(values.std(axis=0), 1e-3), np.float64)


def _statistics(lab: F32, weights: F32) -> _Statistics:
    shares = weights.reshape(-1).astype(np.float64)
    rows = lab.reshape(-1, 3).astype(np.float64)
    total = max(float(shares.sum()), 1e-9)
    mean = shares @ rows / total
    return _Statistics(mean, np.maximum(np.sqrt(shares @ np.square(rows - mean) / total), 1e-3))
