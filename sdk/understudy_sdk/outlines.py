"""How are outlines made wider, and filled to make a mask?

Outlines are drawn on a grid several times finer than the mask, each way, and a pixel of the mask is the share of its
finer pixels that are filled. So an edge follows its outline to a fraction of a pixel and does not jump between frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from .outline_config import Sides

__all__ = ["FINENESS", "fill_convex", "to_finer", "widened"]

I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

FINENESS: Final = 4
"""How many times finer than the mask its outlines are drawn."""

_TURNS: Final = np.arange(24) * (np.pi / 12.0)
_ACROSS: Final = np.round(np.cos(_TURNS), 12)  # rounded, so that the quarters meet at exactly 0
_ALONG: Final = np.round(np.sin(_TURNS), 12)

_FILLED: Final = 240  # 16 finer pixels divide it, so that the average of any of them is a whole number


def to_finer(points: npt.NDArray[np.floating[Any]], fineness: int = FINENESS) -> F64:
    """Return points of a crop in whole pixels of the finer grid; a pixel's centre is the middle of its finer pixels."""
    return np.rint(np.asarray(points, np.float64) * fineness + (fineness - 1) / 2)


def fill_convex(polygons: Iterable[I32], size: int, fineness: int = FINENESS) -> F32:
    """Return what convex polygons cover together, float32 (S, S), 0 to 1.

    Args:
        polygons: int32 (N, 2) each, x y of the corners in px of the finer grid, in order around it.
        size: Side S of the mask in px.
        fineness: 1 draws without soft edges, 2 or 4 with them.
    """
    outlines = [polygon.reshape(-1, 2) for polygon in polygons]
    covered = np.zeros((size, size), np.float32)
    if not outlines:
        return covered
    corners = np.concatenate(outlines)
    x0, y0 = np.clip(corners.min(axis=0) // fineness, 0, size)
    x1, y1 = np.clip(corners.max(axis=0) // fineness + 1, 0, size)
    if x0 >= x1 or y0 >= y1:
        return covered
    drawn = np.zeros(((y1 - y0) * fineness, (x1 - x0) * fineness), np.uint8)
    origin = np.array((x0, y0), np.int32) * fineness
    for outline in outlines:
        cv2.fillConvexPoly(drawn, outline - origin, (_FILLED,))
    if fineness > 1:
        drawn = np.asarray(cv2.resize(drawn, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA), np.uint8)
    np.divide(drawn, np.float32(_FILLED), out=covered[y0:y1, x0:x1])
    return covered


def widened(points: npt.NDArray[Any], sides: Sides) -> I32:
    """Return the convex hull of points, moved outwards on each side.

    The corners of the hull become quarters of ellipses, so that a round outline stays round.

    Args:
        points: (N, 2), x y in px of the finer grid.
        sides: How far it moves, in px of the finer grid.

    Returns:
        int32 (M, 2), the corners in order, in px of the finer grid.
    """
    moved = np.asarray(points, np.float64)
    if any(sides):
        across = _ACROSS * np.where(_ACROSS > 0.0, sides.right, sides.left)
        along = _ALONG * np.where(_ALONG > 0.0, sides.bottom, sides.top)
        reach = np.column_stack([across, along])
        moved = (moved[:, np.newaxis] + reach).reshape(-1, 2)  # (N, 24, 2) -> (N * 24, 2)
    return np.asarray(cv2.convexHull(np.rint(moved).astype(np.int32)), np.int32).reshape(-1, 2)
