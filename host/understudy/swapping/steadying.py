"""What does a swap look like once its neighbours in time have had their say?

Neighbouring predictions are brought onto the frame's own along the motion of the target's face and averaged with it,
apart in three bands. The low band holds light and colour, whose pumping is what the eye sees first: there a neighbour
counts as far as its motion is trusted. In the middle and the fine band it counts only where it also shows the same
detail; how much two predictions differ everywhere is their flicker, so what differs by much more than that is not
flicker but another expression, or detail that was not met. There the frame's own prediction stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk import Swap
from understudy_sdk.types import F32

from .flow import Motion, blurred, resized

__all__ = ["Neighbour", "steadied_swap"]

_LOW_SIDE: Final = 24  # px; the low band is kept this small
_LOW_SIGMA: Final = 8.0  # px of 96, of the low band's Gaussian
_FINE_SIGMA: Final = 1.0  # px of 96: what this takes away is the fine band
_LOOK: Final = 1.5  # px of 96 around a place over which two bands are compared
# By how many times their usual difference two bands may differ beyond it, until a neighbour counts 0.37.
_MIDDLE_LEEWAY: Final = 2.0
_FINE_LEEWAY: Final = 1.0
_LEAST_USUAL: Final = 0.001  # of 1; differences below a quarter of an 8-bit step are none
_MASKS: Final = ("source_mask", "target_mask", "predicted_mask")


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A prediction of the same face at another time.

    Attributes:
        swap: What the model answered there.
        motion: From the frame that is steadied to that one.
        weight: 0 to 1, what it weighs for its nearness in time.
    """

    swap: Swap
    motion: Motion
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class _Bands:
    low: F32  # (24, 24, 3)
    middle: F32  # (S, S, 3)
    fine: F32  # (S, S, 3)


class _Mean:
    """A weighted mean that begins with the frame's own values at weight 1."""

    def __init__(self, own: F32) -> None:
        self._sum, self._weight = own.copy(), np.ones(own.shape[:2], np.float32)

    def add(self, values: F32, weight: F32) -> None:
        self._sum += values * (weight[..., None] if values.ndim == 3 else weight)
        self._weight += weight

    def value(self) -> F32:
        return self._sum / (self._weight[..., None] if self._sum.ndim == 3 else self._weight)


def steadied_swap(own: Swap, neighbours: Sequence[Neighbour]) -> Swap:
    """Return a frame's swap, steadied; without neighbours it is the swap itself.

    Args:
        own: The model's answer for the frame.
        neighbours: Its answers for other frames of the same track.
    """
    if not neighbours:
        return own
    side = own.rgb.shape[0]
    bands = _bands(own.rgb)
    low, middle, fine = _Mean(bands.low), _Mean(bands.middle), _Mean(bands.fine)
    masks = {name: _Mean(mask) for name in _MASKS if (mask := getattr(own, name)) is not None}
    for one in neighbours:
        there = _bands(one.motion.bring(one.swap.rgb))
        trust = one.motion.trust_at(side) * np.float32(one.weight)
        low.add(there.low, _low(trust))
        in_middle = trust * _likeness(bands.middle, there.middle, _MIDDLE_LEEWAY)
        middle.add(there.middle, in_middle)
        fine.add(there.fine, in_middle * _likeness(bands.fine, there.fine, _FINE_LEEWAY))
        for name, mean in masks.items():
            mask = one.motion.bring(getattr(one.swap, name))
            mean.add(mask, resized(in_middle, len(mask)))
    rgb = resized(low.value(), side) + middle.value() + fine.value()
    return Swap(np.clip(rgb, 0.0, 1.0), **{name: np.clip(mean.value(), 0.0, 1.0) for name, mean in masks.items()})


def _bands(rgb: F32) -> _Bands:
    """Split a picture into three that add up to it, once the low one is brought to its side."""
    low = _low(rgb)
    coarse = blurred(rgb, _FINE_SIGMA)
    return _Bands(low, coarse - resized(low, len(rgb)), rgb - coarse)


def _low(picture: F32) -> F32:
    return blurred(resized(picture, _LOW_SIDE), _LOW_SIGMA)


def _likeness(own: F32, there: F32, leeway: float) -> F32:
    """Return how much a neighbour counts for showing the same detail, float32 (S, S), 0 to 1."""
    apart = np.sqrt(blurred(np.square(own - there).mean(axis=-1), _LOOK))
    usual = max(float(np.median(apart)), _LEAST_USUAL)
    return np.asarray(np.exp(-np.square(np.maximum(apart / usual - 1.0, 0.0) / leeway)), np.float32)
