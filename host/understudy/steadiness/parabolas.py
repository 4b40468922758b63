"""Which weights of the frames around it fit a parabola over time to each frame?

Local quadratic regression (W. S. Cleveland, "Robust locally weighted regression", JASA 74, 1979) in seconds, at times
that need not be even. A parabola, so that steady and accelerating motion passes without being flattened. Sums run
frame by frame from the past to the future and never pairwise, so that frames beyond the reach, which weigh nothing,
change no bit of a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F64

__all__ = ["Around", "around", "bells", "parabola_weights", "weighted_sums"]

_RIDGE = 1e-6  # decides where too few frames are near to fit a parabola; the fit then passes through the frame itself


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The frames around each of T frames, K of them, itself in the middle; K depends on the densest place.

    Attributes:
        index: intp (T, K), their positions; where there is none, that of some other frame.
        seconds: float64 (T, K), how much later each is; infinite where there is none.
    """

    index: npt.NDArray[np.intp]
    seconds: F64


def around(times_s: F64, reach_s: float) -> Around:
    """Return the frames that are not more than ``reach_s`` away from each; times ascend."""
    here = np.arange(len(times_s))
    before = here - np.searchsorted(times_s, times_s - reach_s, side="left")
    after = np.searchsorted(times_s, times_s + reach_s, side="right") - 1 - here
    most = int(max(before.max(), after.max()))
    index = here[:, None] + np.arange(-most, most + 1)  # (T, K)
    exists = (index >= 0) & (index < len(times_s))
    index = np.clip(index, 0, len(times_s) - 1)
    return Around(index, np.where(exists, times_s[index] - times_s[:, None], np.inf))


def bells(near: Around, reach_s: float) -> F64:
    """Return float64 (T, K): weights that fall from 1 at the frame itself to 0 at the reach, as (1 - u²)³."""
    scaled = np.minimum(np.abs(near.seconds / reach_s), 1.0)
    return np.asarray((1.0 - scaled**2) ** 3, np.float64)


def parabola_weights(near: Around, reach_s: float) -> F64:
    """Return float64 (T, K), summing to 1: weights that give each frame the value of the parabola fitted around it."""
    u = np.clip(near.seconds / reach_s, -1.0, 1.0)
    bell = bells(near, reach_s)
    s0, s1, s2, s3, s4 = (np.cumsum(bell * u**power, axis=1)[:, -1] for power in range(5))
    s2, s4 = s2 + _RIDGE, s4 + _RIDGE
    c0, c1, c2 = s2 * s4 - s3**2, s2 * s3 - s1 * s4, s1 * s3 - s2**2  # first column of the normal matrix's adjugate
    determinant = s0 * c0 + s1 * c1 + s2 * c2
    polynomial = c0[:, None] + c1[:, None] * u + c2[:, None] * u**2
    return np.asarray(bell * polynomial / determinant[:, None], np.float64)


def weighted_sums(near: Around, weights: F64, values: F64) -> F64:
    """Return float64 (T, N): the values (T, N) of the frames around each, weighted (T, K) and added."""
    total = np.zeros_like(values)
    for weight, index in zip(weights.T, near.index.T, strict=True):
        total += weight[:, None] * values[index]
    return total
