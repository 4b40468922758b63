"""How is a face laid over a frame?"""

from __future__ import annotations

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import lay_face

from . import OverlayConfig

__all__ = ["OverlayMerger"]


class OverlayMerger:
    """Lays the masked, recoloured face over the region as it is."""

    def __init__(self, config: OverlayConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the face over the region; see ``understudy_sdk.blending.lay_face``."""
        return lay_face(self._config, region, swap, crop, mask)
