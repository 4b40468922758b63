"""Where in a region does a swapped face lie, and how is it brought there?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .geometry import F64, compose, invert, scale_crop, shift_origin
from .placement_config import PlacementConfig
from .types import Crop, Region
from .warp import Border, warp_mask, warp_picture, warp_sampled

__all__ = ["crop_to_region", "pixels_per_pixel", "placed_mask", "placed_picture", "trimmed"]

F32 = npt.NDArray[np.float32]


def crop_to_region(crop: Crop, region: Region, size: int) -> F64:
    """Return the affine from the crop's square at side ``size`` to the region's pixels, float64 (2, 3)."""
    return invert(shift_origin(scale_crop(crop.frame_to_crop, crop.size, size), region.x0, region.y0))


def trimmed(config: PlacementConfig, crop: Crop, region: Region, size: int) -> F64:
    """Return where the swapped face goes: ``crop_to_region``, with the settings' scale, turn and shift before it."""
    scale, turn = 1.0 + config.face_scale_percent / 100.0, math.radians(config.rotate_deg)
    cos, sin, middle = scale * math.cos(turn), scale * math.sin(turn), size / 2
    linear = np.array([[cos, -sin], [sin, cos]])
    shift = np.array([config.shift_x_percent, config.shift_y_percent]) * (size / 100.0)
    trim = np.column_stack([linear, shift + middle - linear @ (middle, middle)])
    return compose(trim, crop_to_region(crop, region, size))


def pixels_per_pixel(affine: F64) -> float:
    """Return how many pixels of the result one of the input becomes, along a line."""
    return math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))


def placed_picture(config: PlacementConfig, crop: Crop, region: Region, rgb: F32, *, border: Border = "edge") -> F32:
    """Return a picture of the crop's square, float32 (S, S, 3), over the region, float32 (h, w, 3)."""
    height, width = region.rgb.shape[:2]
    affine = trimmed(config, crop, region, rgb.shape[0])
    if config.paste_filter == "cubic":
        return warp_sampled(rgb, affine, (width, height))
    return warp_picture(rgb, affine, (width, height), border=border)


def placed_mask(config: PlacementConfig, crop: Crop, region: Region, mask: F32) -> F32:
    """Return a mask of the crop's square, float32 (S, S), over the region, float32 (h, w), 0 to 1."""
    height, width = region.rgb.shape[:2]
    affine = trimmed(config, crop, region, mask.shape[0])
    if config.paste_filter == "cubic":
        sampled = np.clip(warp_sampled(mask, affine, (width, height)), 0.0, 1.0)
        return np.where(sampled < 1.0 / 255.0, np.float32(0.0), sampled)
    return warp_mask(mask, affine, (width, height))
