"""Which parts of a frame are searched, and how do a part's coordinates become the frame's?"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .decode import Found

F32 = npt.NDArray[np.float32]

SMALLEST_SHARE: Final = 0.08
"""A face whose box is narrower than this share of a picture's long side may be missed (full range, measured)."""

_LEAST_AUTO_PX: Final = 640


class Window(NamedTuple):
    """A part of a frame, in whole px: columns x0 to x1, rows y0 to y1, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int


class Fit(NamedTuple):
    """How a window lies in the network's square: shrunk to its long side, in the middle, black around it.

    Attributes:
        left: Columns of black at the left.
        top: Rows of black at the top.
        width: Of the shrunk window in px.
        height: Of the shrunk window in px.
    """

    left: int
    top: int
    width: int
    height: int


def fit(window: Window, side: int) -> Fit:
    """Return where the window goes in a square of that side."""
    width, height = window.x1 - window.x0, window.y1 - window.y0
    scale = side / max(width, height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    return Fit((side - inner_width) // 2, (side - inner_height) // 2, inner_width, inner_height)


def to_frame(found: Found, window: Window, side: int) -> Found:
    """Turn shares of the network's square into the frame's pixels, whose centres are whole numbers."""
    inner = fit(window, side)
    scale = np.array([(window.x1 - window.x0) / inner.width, (window.y1 - window.y0) / inner.height])
    shift = np.array([window.x0, window.y0]) - scale * (inner.left, inner.top) - 0.5
    span, start = (scale * side).astype(np.float32), shift.astype(np.float32)
    return Found(found.boxes * np.tile(span, 2) + np.tile(start, 2), found.points * span + start, found.scores)


def turned_back(found: Found, quarters: int) -> Found:
    """Return what was found in a square turned by quarter turns, counter-clockwise, where it lies in the square itself.

    Args:
        found: In shares of the turned square.
        quarters: 0 to 3.
    """
    for _ in range(quarters):
        corners = _quarter_back(found.boxes.reshape(-1, 2, 2))
        boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        found = Found(boxes, _quarter_back(found.points), found.scores)
    return found


def _quarter_back(points: F32) -> F32:
    """Return points (..., 2), shares of a square, after a clockwise quarter turn about its middle."""
    return np.stack([1 - points[..., 1], points[..., 0]], axis=-1)


def uncut(found: Found, tile: Window, width: int, height: int) -> Found:
    """Drop faces that a tile's edge may have cut: those that reach an edge which is not the frame's.

    A neighbouring tile, or the search of the whole frame, has them uncut.
    """
    low = np.array([tile.x0 if tile.x0 > 0 else -np.inf, tile.y0 if tile.y0 > 0 else -np.inf])
    high = np.array([tile.x1 if tile.x1 < width else np.inf, tile.y1 if tile.y1 < height else np.inf])
    is_uncut = ((found.boxes[:, :2] > low) & (found.boxes[:, 2:] < high)).all(axis=1)
    return Found(found.boxes[is_uncut], found.points[is_uncut], found.scores[is_uncut])


def tile_side(tiles: str | int, width: int, height: int) -> int | None:
    """Return the tiles' side in px for a frame of that size, or nothing where one search of the whole does."""
    if tiles == "off":
        return None
    side = max(_LEAST_AUTO_PX, math.ceil(max(width, height) / 3)) if tiles == "auto" else int(tiles)
    return side if side < max(width, height) else None


def tile_windows(side: int, width: int, height: int) -> list[Window]:
    """Return overlapping tiles that cover the frame.

    Neighbours share at least a quarter of their side, and the size of the smallest face that a search of the whole
    frame finds (at most half the side), so that a face on a seam lies whole in one of them.
    """
    needed = math.ceil(SMALLEST_SHARE * max(width, height))
    shared = min(max(side // 4, needed), side // 2)
    columns, rows = _starts(side, width, shared), _starts(side, height, shared)
    return [Window(x, y, min(x + side, width), min(y + side, height)) for y in rows for x in columns]


def _starts(side: int, length: int, shared: int) -> list[int]:
    """Return where the tiles of one row begin; the last one ends with the frame."""
    if side >= length:
        return [0]
    count = math.ceil((length - shared) / (side - shared))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]
