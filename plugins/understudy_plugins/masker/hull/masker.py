"""Which pixels lie within the hulls around a face's landmarks?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, Mask
from understudy_sdk.landmarks import expand_brows

from . import HullConfig

__all__ = ["HullMasker", "draw_hulls"]

_GROUPS: Final = (
    (*range(9), 17),  # right cheek up to the brow's outer end
    (*range(8, 17), 26),  # left cheek
    (17, 18, 19, 8),  # from each brow down to the chin
    (24, 25, 26, 8),
    (19, 20, 21, 22, 23, 24, 8),  # between the brows
    (*range(17, 22), 27, *range(31, 36), 8),  # brow, nose, chin
    (*range(22, 27), 27, *range(31, 36), 8),
    (*range(27, 31), *range(31, 36)),  # nose
)
"""Landmarks whose convex hulls together make the face; hulls of parts, since one around all would fill hollows."""

_FINENESS: Final = 4
"""How many times finer smooth edges are drawn, each way, before they are averaged."""


class HullMasker:
    """Masks the convex hulls around groups of landmarks."""

    def __init__(self, config: HullConfig) -> None:
        self._config = config

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given."""
        return [Mask(self._draw(crop)) for crop in crops]

    def _draw(self, crop: Crop) -> npt.NDArray[np.float32]:
        landmarks, size, expansion = crop.landmarks.astype(np.float64), crop.size, self._config.brow_expansion
        if self._config.edges == "hard":
            return draw_hulls(expand_brows(landmarks, expansion), size).astype(np.float32) / np.float32(255.0)
        # A pixel's centre is the middle of its finer pixels.
        finer = landmarks * _FINENESS + (_FINENESS - 1) / 2
        drawn = draw_hulls(expand_brows(np.rint(finer), expansion), size * _FINENESS)
        drawn = drawn.reshape(size, _FINENESS, size, _FINENESS)
        # (S*F, S*F) -> (S, F, S, F), averaged to (S, S)
        return np.asarray(drawn.mean(axis=(1, 3), dtype=np.float32) / np.float32(255.0))


def draw_hulls(points: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.uint8]:
    """Return the union of the groups' convex hulls, uint8 (S, S), 0 or 255.

    Args:
        points: int64 (68, 2), x y in px, brows already expanded.
        size: Side S in px.
    """
    drawn = np.zeros((size, size), np.uint8)
    for group in _GROUPS:
        hull = cv2.convexHull(points[list(group)].astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, (255,))
    return drawn
