"""How much does the edge of a mask show in a merged picture?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F32

__all__ = ["Seam", "seam_of"]

_EDGE: Final = (0.02, 0.98)
"""Where a mask lies between these, it fades."""

_FLOOR: Final = 1.0
"""Levels of 255 per px that nobody sees; added to both sides of the ratio, so that smooth skin gives no wild one."""


@dataclass(frozen=True, slots=True)
class Seam:
    """Mean lengths of the gradient of brightness along a mask's edge, in levels of 255 per px.

    Attributes:
        before: Of the picture as it was.
        after: Of the merged one.
        added: Of their difference: a swap that goes over into the frame without a step adds none.
    """

    before: float
    after: float
    added: float

    @property
    def ratio(self) -> float:
        """How much steeper brightness runs along the edge than it did: 1 is as steep."""
        return (self.after + _FLOOR) / (self.before + _FLOOR)


def seam_of(before: F32, after: F32, mask: F32) -> Seam | None:
    """Return the seam of a merged picture; None without an edge.

    Args:
        before: float32 (h, w, 3), 0 to 1, the picture as it was.
        after: The same part, merged.
        mask: float32 (h, w), how much of each pixel is the swap's.
    """
    band = _band(mask)
    if not band.any():
        return None
    one, other = (_brightness(rgb) for rgb in (before, after))
    weights = band.astype(np.float32)
    lengths = (float(np.vdot(_gradient(picture), weights) / weights.sum()) for picture in (one, other, other - one))
    return Seam(*lengths)


def _brightness(rgb: F32) -> F32:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.float32) * 255


def _band(mask: F32) -> npt.NDArray[np.bool_]:
    """Return where a mask fades, and the pixels at either side of where it crosses a half."""
    fading = (mask > _EDGE[0]) & (mask < _EDGE[1])
    hard = cv2.morphologyEx((mask >= 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(fading | (hard > 0), np.bool_)


def _gradient(picture: F32) -> F32:
    across, down = (cv2.Scharr(picture, cv2.CV_32F, *way, scale=1 / 32) for way in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down), np.float32)
