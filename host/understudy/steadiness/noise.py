"""How much does the finder tremble along a track, where the face itself keeps still?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk.types import F32, F64

from .parts import LANDMARK_PARTS, OPENINGS, PARTS, placings_of, squared_shifts, to_local

__all__ = ["Noise", "energies", "noise_of"]

_SPAN_S: Final = 0.4
"""Over a longer time than this, five frames do not tell trembling from motion."""

_FEWEST: Final = 8
_STILLEST: Final = 0.25
_PART_SHARE: Final = 0.36
"""Where the stillest quarter ends, as a share of the mean, where nothing but noise is: measured on still faces filmed
with sensor noise. A part's points tremble together, so the energies spread widely."""

_OPENING_SHARE: Final = 0.10
"""The same for the square of a single number that is normally distributed."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A finder's trembling along one track, as standard deviations in sides of the mean face's unit square.

    Attributes:
        placing: Of where the face lies as a whole.
        parts: Of the points of each of PARTS, in that order, within the face.
        openings: Of how far each of OPENINGS is open, in that order.
    """

    placing: float
    parts: tuple[float, ...]
    openings: tuple[float, ...]


_TYPICAL: Final = Noise(0.0006, (0.0003, 0.0004, 0.0004, 0.0006, 0.0008, 0.0013), (0.0006, 0.0006, 0.0008))
"""What a small mesh network shows on a clean close-up; taken for tracks too short to be measured."""


def noise_of(times_s: F64, landmarks: F32) -> Noise:
    """Return how much the landmarks of one whole track tremble.

    Each frame is compared with the cubic through two frames before and two after it, which a face's motion fits and
    noise does not. The level is read off the stillest quarter of the track, so that motion which does not fit counts
    for little.

    Args:
        times_s: float64 (T,), ascending; frames may be missing.
        landmarks: float32 (T, 68, 2), x y in px, as found.
    """
    if len(times_s) < _FEWEST:
        return _TYPICAL
    placings = placings_of(landmarks)
    local = to_local(placings, landmarks).reshape(len(times_s), -1)
    weights = _cubic_weights(times_s)
    gain = np.sqrt(1.0 + (weights**2).sum(axis=1))[:, None]  # by which independent noise grows in the comparison
    odd_placings, odd_local = (_deviation(values, weights) / gain for values in (placings, local))
    measured = energies(odd_placings, odd_local, placings[2:-2])
    measured = measured[:, (times_s[4:] - times_s[:-4]) <= _SPAN_S]
    if measured.shape[1] < _FEWEST // 2:
        return _TYPICAL
    stillest = np.quantile(measured, _STILLEST, axis=1)
    placing, *parts = np.sqrt(stillest[: 1 + len(PARTS)] / _PART_SHARE).tolist()
    openings = np.sqrt(stillest[1 + len(PARTS) :] / _OPENING_SHARE).tolist()
    return Noise(placing, tuple(parts), tuple(openings))


def energies(placings: F64, local: F64, at: F64) -> F64:
    """Return mean squares of changes, in squared unit sides: of the placing, each part's points, and each opening.

    Args:
        placings: float64 (T, 4), changes of placings.
        local: float64 (T, 136), changes of local landmarks.
        at: float64 (T, 4), the placings that are changed.

    Returns:
        float64 (1 + parts + openings, T).
    """
    answer = np.empty((1 + len(PARTS) + len(OPENINGS), len(local)))
    answer[0] = squared_shifts(placings, at)
    points = local.reshape(len(local), -1, 2)
    for part in range(len(PARTS)):
        own = points[:, part == LANDMARK_PARTS].reshape(len(local), -1)  # (T, 2 × points)
        answer[1 + part] = (own**2).sum(axis=1) / own.shape[1]
    for place, (_, upper, lower) in enumerate(OPENINGS):
        gaps = points[:, lower, 1] - points[:, upper, 1]  # (T, points)
        answer[1 + len(PARTS) + place] = (gaps.sum(axis=1) / gaps.shape[1]) ** 2
    return answer


def _cubic_weights(times_s: F64) -> F64:
    """Return float64 (T - 4, 4): Lagrange's weights of two frames before and two after each."""
    knots = np.stack([times_s[:-4], times_s[1:-3], times_s[3:-1], times_s[4:]], axis=1)  # (T - 4, 4)
    here = times_s[2:-2]
    weights = np.ones_like(knots)
    for one in range(4):
        for other in range(4):
            if one != other:
                weights[:, one] *= (here - knots[:, other]) / (knots[:, one] - knots[:, other])
    return weights


def _deviation(values: F64, weights: F64) -> F64:
    """Return float64 (T - 4, N): how far values (T, N) lie from the cubic through their neighbours."""
    neighbours = (values[:-4], values[1:-3], values[3:-1], values[4:])
    expected = sum(weight[:, None] * value for weight, value in zip(weights.T, neighbours, strict=True))
    return np.asarray(values[2:-2] - expected, np.float64)
