"""Which pixels lie within the hulls around a face's landmarks?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, Mask
from understudy_sdk.landmarks import expand_brows
from understudy_sdk.outlines import FINENESS, fill_convex, to_finer, widened

from . import HullConfig

__all__ = ["HullMasker"]

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


class HullMasker:
    """Masks the convex hulls around groups of landmarks."""

    def __init__(self, config: HullConfig) -> None:
        self._config = config

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given."""
        return [Mask(self._draw(crop)) for crop in crops]

    def _draw(self, crop: Crop) -> npt.NDArray[np.float32]:
        is_hard = self._config.edges == "hard"  # the reference cuts coordinates to whole pixels
        fineness = 1 if is_hard else FINENESS
        found = crop.landmarks if is_hard else to_finer(crop.landmarks)
        points = expand_brows(found, self._config.brow_expansion)
        sides = self._config.sides(crop.size * fineness)
        hulls = [widened(points[list(group)], sides) for group in _GROUPS]
        return fill_convex(hulls, crop.size, fineness)
