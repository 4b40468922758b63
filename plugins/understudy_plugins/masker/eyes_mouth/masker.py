"""Which pixels belong to the eyes and the mouth?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, Mask
from understudy_sdk.landmarks import INNER_LIPS, LEFT_BROW, LEFT_EYE, MOUTH, RIGHT_BROW, RIGHT_EYE
from understudy_sdk.outline_config import Sides
from understudy_sdk.outlines import FINENESS, fill_convex, to_finer, widened

from . import EyesMouthConfig

__all__ = ["EyesMouthMasker"]

F32 = npt.NDArray[np.float32]

_OUTLINES: Final = {
    "eyes": (RIGHT_EYE, LEFT_EYE),
    "brows": (RIGHT_BROW, LEFT_BROW),
    "mouth": (INNER_LIPS,),
    "lips": (MOUTH,),
}


class EyesMouthMasker:
    """Masks the hulls of the chosen parts of the face; each is blurred by itself and they are added."""

    def __init__(self, config: EyesMouthConfig) -> None:
        self._config = config
        self._draw = self._drawn_hard if config.edges == "hard" else self._drawn_smooth

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given."""
        return [Mask(self._masked(crop)) for crop in crops]

    def _masked(self, crop: Crop) -> F32:
        total = np.zeros((crop.size, crop.size), np.float32)
        side = int(self._config.blur_px * crop.size / 256) | 1  # the reference's: a sixteenth of the crop, made odd
        for region in dict.fromkeys(self._config.regions):
            points = [crop.landmarks[part] for part in _OUTLINES[region]]
            total += cv2.GaussianBlur(self._draw(points, crop.size), (side, side), 0)
        return np.asarray(np.clip(total, 0.0, 1.0))

    def _drawn_smooth(self, parts: Sequence[F32], size: int) -> F32:
        reach = self._config.grow_px * size * FINENESS / 256
        sides = Sides(reach, reach, reach, reach)
        return fill_convex([widened(to_finer(part), sides) for part in parts], size)

    def _drawn_hard(self, parts: Sequence[F32], size: int) -> F32:
        """Draw as the reference does: whole pixels, then a dilation by an ellipse; sides are cut to whole pixels."""
        drawn = fill_convex([widened(part.astype(np.int32), Sides(0, 0, 0, 0)) for part in parts], size, 1)
        side = int(2 * self._config.grow_px * size / 256)
        if side:
            drawn = np.asarray(
                cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))), np.float32
            )
        return drawn
