"""What is measured of a face that was merged, and of two that follow each other?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.swapping import Laid
from understudy_sdk import Crop
from understudy_sdk.geometry import shift_origin
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import warp_mask, warp_picture

__all__ = ["MergedFace", "merged_face", "seam_energy"]

_EDGE: tuple[float, float] = (0.02, 0.98)
"""Where a mask lies between these, it fades."""


@dataclass(frozen=True, slots=True, eq=False)
class MergedFace:
    """A face as it stands in the merged frame, at the size that the model works at.

    Attributes:
        key: The swap's number and the face's track: what follows it has the same.
        frame: Its frame.
        crop: The target's face before.
        rgb: float32 (S, S, 3), 0 to 1, of the merged frame.
        mask: float32 (S, S), how much of each pixel is the swap's.
        seam: The seam's energy.
    """

    key: tuple[int, int]
    frame: int
    crop: Crop
    rgb: F32
    mask: F32
    seam: float | None


def merged_face(rgb: U8, laid: Laid) -> MergedFace:
    """Return a face out of a merged frame, uint8 (H, W, 3)."""
    crop, region = laid.crop, laid.region
    size = crop.size
    in_crop = shift_origin(crop.frame_to_crop, region.x0, region.y0)
    height, width = laid.layer.mask.shape
    after = rgb[region.y0 : region.y0 + height, region.x0 : region.x0 + width]
    return MergedFace(
        key=(laid.swap, laid.track),
        frame=laid.frame,
        crop=crop,
        rgb=np.divide(warp_picture(rgb, crop.frame_to_crop, size), 255, dtype=np.float32),
        mask=warp_mask(laid.layer.mask, in_crop, size),
        seam=seam_energy(region.rgb, np.divide(after, 255, dtype=np.float32), laid.layer.mask),
    )


def seam_energy(before: F32, after: F32, mask: F32) -> float | None:
    """Return how much steeper brightness runs along the mask's edge than in the footage; None without an edge.

    The mean length of the gradient of what the swap adds, where the mask fades, in levels of 255 per px: a swap that
    goes over into the frame without a step adds no gradient there.

    Args:
        before: float32 (h, w, 3), 0 to 1, the region as it was.
        after: The same region, merged.
        mask: float32 (h, w), how much of each pixel is the swap's.
    """
    core = ((mask > _EDGE[0]) & (mask < _EDGE[1])).astype(np.uint8)
    hard = cv2.morphologyEx((mask >= 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    band = (core | np.asarray(hard, np.uint8)) > 0
    if not band.any():
        return None
    added = cv2.cvtColor(np.ascontiguousarray(after - before), cv2.COLOR_RGB2GRAY) * 255
    across, down = cv2.Scharr(added, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(added, cv2.CV_32F, 0, 1) / 32
    return float(np.hypot(across, down)[band].mean())
