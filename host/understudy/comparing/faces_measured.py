"""What is measured of a face that was merged, and of two that follow each other?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.gates.seam import seam_of
from understudy.swapping import Laid
from understudy_sdk import Crop
from understudy_sdk.geometry import shift_origin
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import warp_mask, warp_picture

__all__ = ["MergedFace", "merged_face"]


@dataclass(frozen=True, slots=True, eq=False)
class MergedFace:
    """A face as it stands in the merged frame, at the size that the model works at.

    Attributes:
        key: The swap's number and the face's track: what follows it has the same.
        frame: Its frame.
        crop: The target's face before.
        rgb: float32 (S, S, 3), 0 to 1, of the merged frame.
        mask: float32 (S, S), how much of each pixel is the swap's.
        seam: What the swap adds to the gradient along its mask's edge.
    """

    key: tuple[int, int]
    frame: int
    crop: Crop
    rgb: F32
    mask: F32
    seam: float | None


def merged_face(rgb: U8, laid: Laid) -> MergedFace:
    """Return a face out of a merged frame, uint8 (H, W, 3)."""
    crop, region = laid.crop, laid.shown
    size = crop.size
    in_crop = shift_origin(crop.frame_to_crop, region.x0, region.y0)
    height, width = laid.layer.mask.shape
    after = rgb[region.y0 : region.y0 + height, region.x0 : region.x0 + width]
    seam = seam_of(region.rgb, np.divide(after, 255, dtype=np.float32), laid.layer.mask)
    return MergedFace(
        key=(laid.swap, laid.track),
        frame=laid.frame,
        crop=crop,
        rgb=np.divide(warp_picture(rgb, crop.frame_to_crop, size), 255, dtype=np.float32),
        mask=warp_mask(laid.layer.mask, in_crop, size),
        seam=seam.added if seam else None,
    )
