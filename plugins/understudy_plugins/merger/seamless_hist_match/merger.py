"""How is a face cloned into a frame's light and then given the target's histograms?"""

from __future__ import annotations

from functools import partial

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.cloning import lay_clone
from understudy_sdk.histograms import matched_face

from . import SeamlessHistMatchConfig

__all__ = ["SeamlessHistMatchMerger"]


class SeamlessHistMatchMerger:
    """Clones the face and matches its histograms to those of the face it covers."""

    def __init__(self, config: SeamlessHistMatchConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the cloned face with the target's histograms, and its mask."""
        return lay_clone(self._config, region, swap, crop, mask, partial(matched_face, self._config))
