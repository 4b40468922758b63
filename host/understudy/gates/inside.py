"""How does a merged face differ from the target's in colour and sharpness?"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from understudy.quality.similarity import color_difference
from understudy_sdk.types import F32

__all__ = ["color_shift", "relative_sharpness"]

_CELLS: Final = 6
_LEAST_SHARE: Final = 0.1
"""How much of a cell the mask covers at least for its mean colour to count."""

_INSIDE: Final = 0.9
_LEAST_PX: Final = 32
_FLOOR: Final = 0.5
"""Levels of 255 of fine detail that nobody sees; added to both sides of a ratio."""


def color_shift(before: F32, after: F32, mask: F32) -> float | None:
    """Return how far the colours of a face moved, CIEDE2000; None where the mask covers too little.

    Mean colours are compared, cell by cell of a grid over the picture, so that other features at the same place count
    for little.

    Args:
        before: float32 (h, w, 3), 0 to 1, the picture as it was; float numbers are taken for sRGB.
        after: The same part, merged.
        mask: float32 (h, w), how much of each pixel is the swap's.
    """
    share = _cells(mask)
    weights = np.where(share >= _LEAST_SHARE, share, np.float32(0))
    if not weights.any():
        return None
    wide = cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB)  # three columns of it: many times faster than to broadcast one
    sums = (np.asarray(cv2.multiply(rgb, wide), np.float32) for rgb in (before, after))
    means = (np.divide(_cells(sum_), np.maximum(share, 1e-6)[..., None], dtype=np.float32) for sum_ in sums)
    one, other = (np.clip(mean, 0, 1) for mean in means)
    return color_difference(one, other, weights)


def relative_sharpness(before: F32, after: F32, mask: F32) -> float | None:
    """Return how sharp a face is against a ring around it, over the same before; None where the mask covers too little.

    Args:
        before: float32 (h, w, 3), 0 to 1, the picture as it was; small ones leave out what is mostly noise.
        after: The same part, merged.
        mask: float32 (h, w), how much of each pixel is the swap's.
    """
    inside = (mask > _INSIDE * float(mask.max(initial=0.0))).astype(np.float32)
    if inside.sum() < _LEAST_PX:
        return None
    ring = _ring(mask)
    was, now = (_against(_detail(picture), inside, ring) for picture in (before, after))
    return now / was


def _cells(picture: F32) -> F32:
    """Return mean values in the cells of a grid; what is left over at the right and below falls away."""
    height, width = (max(side // _CELLS * _CELLS, 1) for side in picture.shape[:2])
    part = picture[:height, :width]
    return np.asarray(cv2.resize(part, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA), np.float32)


def _ring(mask: F32) -> F32:
    """Return what lies around a mask, an eighth of its size wide: float32 (h, w), 0 or 1."""
    covered = (mask > 0).astype(np.float32)
    reach = max(round(float(np.sqrt(covered.sum())) / 8), 1)
    return np.asarray(cv2.dilate(covered, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) - covered, np.float32)


def _detail(rgb: F32) -> F32:
    """Return how far brightness lies from its surroundings, in levels of 255."""
    gray = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    found = np.asarray(cv2.Laplacian(gray, cv2.CV_32F, scale=255), np.float32)
    return np.abs(found, out=found)


def _against(detail: F32, inside: F32, ring: F32) -> float:
    size = float(ring.sum())
    around = float(np.vdot(detail, ring)) / size if size >= _LEAST_PX else 0.0
    return (float(np.vdot(detail, inside)) / float(inside.sum()) + _FLOOR) / (around + _FLOOR)
