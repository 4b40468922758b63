"""How is a face cloned into a frame's light?"""

from __future__ import annotations

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.cloning import lay_clone

from . import SeamlessCloneConfig

__all__ = ["SeamlessCloneMerger"]


class SeamlessCloneMerger:
    """Keeps the face's detail and lets its light flow in from the frame around it."""

    def __init__(self, config: SeamlessCloneConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the cloned face; see ``understudy_sdk.cloning.lay_clone``."""
        return lay_clone(self._config, region, swap, crop, mask)
