"""Which boxes do the S3FD network's numbers mean?

A cell of a level with stride s stands for a square of 4 s around its middle; the network says how far, in tenths of the
square, the face's middle lies away, and, in fifths and as a logarithm, how much larger it is. (Liu et al., "SSD: Single
Shot MultiBox Detector", 2016.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "decode", "extend_down", "suppress", "turn", "turn_back"]

Array = npt.NDArray[Any]

_PRIOR: Final = 4  # side of a cell's square, in strides
_CENTRE_UNIT: Final = 0.1  # in sides of the square
_SIZE_UNIT: Final = 0.2  # of a natural logarithm


def decode(levels: Iterable[tuple[Array, Array, int]], min_score: float) -> Array:
    """Return the boxes of all levels of one picture.

    Args:
        levels: Per level the face's probabilities (h, w), the offsets (4, h, w) and the stride in px.
        min_score: Weaker boxes are left out. As a box can only be suppressed by a stronger one, it makes no difference
            that they are left out before that.

    Returns:
        float64 (N, 5): x0, y0, x1, y1 in px of the picture, and the score.
    """
    found = [np.zeros((0, 5))]
    for scores, offsets, stride in levels:
        row, col = np.nonzero(scores >= min_score)
        offset = offsets[:, row, col].T.astype(np.float64)
        side = _PRIOR * stride
        cell = np.stack([col, row], axis=1) * stride + stride / 2
        centre = cell + offset[:, :2] * _CENTRE_UNIT * side
        half = side * np.exp(offset[:, 2:] * _SIZE_UNIT) / 2
        found.append(np.concatenate([centre - half, centre + half, scores[row, col, None]], axis=1))
    return np.concatenate(found)


def suppress(found: Array, iou: float) -> Array:
    """Return the boxes without those that a stronger one overlaps, best score first.

    Sides and areas count one pixel more than their difference of coordinates, as is the custom of this network.

    Args:
        found: (N, 5), x0, y0, x1, y1 and score.
        iou: The largest intersection over union that two faces may have.
    """
    found = found[np.argsort(-found[:, 4], kind="stable")]
    areas = (found[:, 2] - found[:, 0] + 1) * (found[:, 3] - found[:, 1] + 1)
    left, kept = np.arange(len(found)), []
    while len(left):
        best, others = left[0], left[1:]
        kept.append(best)
        corner0 = np.maximum(found[others, :2], found[best, :2])
        corner1 = np.minimum(found[others, 2:4], found[best, 2:4])
        common = np.prod(np.maximum(0, corner1 - corner0 + 1), axis=1)
        left = others[common / (areas[best] + areas[others] - common) <= iou]
    return found[kept]


def extend_down(found: Array, share: float) -> Array:
    """Return the boxes, lengthened at the bottom by a share of their height: (N, 5)."""
    longer = found.copy()
    longer[:, 3] += share * (found[:, 3] - found[:, 1])
    return longer


def turn(picture: Array, degrees: int) -> Array:
    """Return a view of a picture (H, W, C), turned clockwise by a multiple of 90 degrees."""
    return np.rot90(picture, -degrees // 90)


def turn_back(found: Array, degrees: int, width: int, height: int) -> Array:
    """Return boxes of a turned picture, (N, 5), in the pixels of the upright one.

    Args:
        found: x0, y0, x1, y1 and score in the turned picture.
        degrees: How far it was turned, clockwise.
        width: The upright picture's width in px; ``height`` likewise.
        height: See ``width``.
    """
    x0, y0, x1, y1, score = found.T
    upright = {
        0: (x0, y0, x1, y1),
        90: (y0, height - x1, y1, height - x0),
        180: (width - x1, height - y1, width - x0, height - y0),
        270: (width - y1, x0, width - y0, x1),
    }[degrees]
    return np.stack([*upright, score], axis=1)
