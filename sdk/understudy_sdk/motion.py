"""How does a picture blur when what it shows moves while the shutter is open?"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from .types import F32

__all__ = ["blur_along", "line_kernel"]

_LEAST_PX: Final = 0.1  # a shorter way changes nothing that 10 bits could show
_MOST_PX: Final = 200.0


def blur_along(picture: F32, way_px: tuple[float, float]) -> F32:
    """Return a picture blurred evenly along a way.

    Args:
        picture: float32 (h, w, 3).
        way_px: How far everything moves while the shutter is open, x y; its direction's sign does not matter. A way of
            more than 200 px counts as 200.
    """
    if math.hypot(*way_px) < _LEAST_PX:
        return picture
    kernel = line_kernel(way_px)
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def line_kernel(way_px: tuple[float, float]) -> F32:
    """Return a line from one end of a way to the other as a kernel, float32 (odd, odd), of sum 1.

    Points along the line are spread over the four pixels around each, so that lengths and angles need no whole pixels.
    """
    length = math.hypot(*way_px)
    x, y = (part * min(1.0, _MOST_PX / max(length, 1e-9)) for part in way_px)
    reach_x, reach_y = math.ceil(abs(x) / 2), math.ceil(abs(y) / 2)
    count = 8 * math.ceil(max(abs(x), abs(y))) + 8
    share = (np.arange(count) + 0.5) / count - 0.5
    columns, rows = share * x + reach_x, share * y + reach_y
    kernel = np.zeros((2 * reach_y + 2, 2 * reach_x + 2), np.float64)
    left, top = np.floor(columns).astype(int), np.floor(rows).astype(int)
    for row in (0, 1):
        for column in (0, 1):
            weight_x = np.abs(1 - column - (columns - left))
            weight_y = np.abs(1 - row - (rows - top))
            np.add.at(kernel, (top + row, left + column), weight_x * weight_y)
    kernel = kernel[:-1, :-1]  # a point never lies beyond the last pixel, so the spare ones are empty
    return np.asarray(kernel / kernel.sum(), np.float32)
