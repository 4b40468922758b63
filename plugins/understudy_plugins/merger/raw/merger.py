"""How is a face laid as the model drew it?"""

from __future__ import annotations

import numpy as np

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import frame_of_mask, lay_picture
from understudy_sdk.face_masks import face_mask

from . import RawConfig

__all__ = ["RawMerger"]


class RawMerger:
    """Lays the face with its own colours and detail, over its mask or its whole square."""

    def __init__(self, config: RawConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the face over the region, and its mask."""
        config = self._config
        if config.over == "square":
            shape = np.ones(swap.rgb.shape[:2], np.float32)
        else:
            shape = face_mask(config, swap, mask, frame_of_mask(config, region, crop))
        return lay_picture(config, region, crop, swap.rgb, shape, margin_px=0)
