"""How is a face given the target's histograms and laid over a frame?"""

from __future__ import annotations

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import frame_of_mask, lay_picture, margin_of, recolored_swap, target_face
from understudy_sdk.face_masks import face_mask, weights_of
from understudy_sdk.histograms import matched_face
from understudy_sdk.texture import textured

from . import HistMatchConfig

__all__ = ["HistMatchMerger"]


class HistMatchMerger:
    """Lays the masked, recoloured face with the histograms of the face it covers."""

    def __init__(self, config: HistMatchConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the face over the region, and its mask."""
        config = self._config
        shape = face_mask(config, swap, mask, frame_of_mask(config, region, crop))
        rgb = recolored_swap(config, swap.rgb, region, crop, shape)
        rgb = matched_face(config, rgb, target_face(crop, len(rgb)), weights_of(config, shape, len(rgb)))
        layer = lay_picture(config, region, crop, rgb, shape, margin_px=margin_of(config))
        return textured(config, layer, region, crop, swap)
