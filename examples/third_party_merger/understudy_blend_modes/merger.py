"""How is a face blended into a frame by a mode?"""

from __future__ import annotations

import numpy as np

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import lay_face

from . import BlendModesConfig
from .modes import MODES

__all__ = ["BlendModesMerger"]


class BlendModesMerger:
    """Lays the masked, recoloured face over the region, and blends both by a mode."""

    def __init__(self, config: BlendModesConfig) -> None:
        self._config, self._blend = config, MODES[config.mode]
        self.reach = config.reach  # how much of the frame it wants to see; the settings may move the face

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the blended face over the region, and its mask."""
        layer = lay_face(self._config, region, swap, crop, mask)
        rgb = self._blend(region.rgb, np.clip(layer.rgb, 0, 1))
        return Layer(rgb.astype(np.float32), layer.mask * np.float32(self._config.opacity))
