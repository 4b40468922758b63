"""Where in a region does a swapped face lie, and how is it brought there?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .geometry import F64, compose, invert, scale_crop, shift_origin
from .placement_config import PlacementConfig
from .types import Crop, Region
from .warp import Border, warp_mask, warp_picture, warp_sampled

__all__ = ["crop_to_region", "pixels_per_pixel", "placed_mask", "placed_picture", "shown_box", "trimmed"]

F32 = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]


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


def placed_picture(
    config: PlacementConfig, crop: Crop, region: Region, rgb: F32, *, border: Border = "edge", box: Box | None = None
) -> F32:
    """Return a picture of the crop's square over the region.

    Args:
        config: The settings.
        crop: The target's face.
        region: The frame around it.
        rgb: float32 (S, S, 3).
        border: What lies beyond the square.
        box: The part of the region that matters, in its pixels; the rest is 0, and costs nothing. None is all of it.

    Returns:
        float32 (h, w, 3).
    """
    width, height = region.size
    affine = trimmed(config, crop, region, rgb.shape[0])
    if config.paste_filter == "cubic":  # whole, for a part of it would differ by the rounding of places
        return warp_sampled(rgb, affine, (width, height))
    if box is None:
        return warp_picture(rgb, affine, (width, height), border=border)
    x0, y0, x1, y1 = box
    placed = np.zeros((height, width, 3), np.float32)
    if x0 < x1 and y0 < y1:
        affine = affine - np.array([[0, 0, x0], [0, 0, y0]])
        placed[y0:y1, x0:x1] = warp_picture(rgb, affine, (x1 - x0, y1 - y0), border=border)
    return placed


def placed_mask(config: PlacementConfig, crop: Crop, region: Region, mask: F32) -> F32:
    """Return a mask of the crop's square, float32 (S, S), over the region, float32 (h, w), 0 to 1."""
    affine = trimmed(config, crop, region, mask.shape[0])
    if config.paste_filter == "cubic":
        sampled = np.clip(warp_sampled(mask, affine, region.size), 0.0, 1.0)
        return np.where(sampled < 1.0 / 255.0, np.float32(0.0), sampled)
    return warp_mask(mask, affine, region.size)


def shown_box(mask: F32, margin_px: int = 0, grid_px: int = 1) -> Box:
    """Return the box around all that a mask shows: x0, y0, x1, y1; nothing shown is a box of nothing.

    Args:
        mask: float32 (h, w), 0 to 1.
        margin_px: So much wider on each side, as far as the mask goes.
        grid_px: The box begins and ends on multiples of this, or where the mask ends.
    """
    columns, rows = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    if not len(rows):
        return 0, 0, 0, 0
    left, top = (max(int(places[0]) - margin_px, 0) // grid_px * grid_px for places in (columns, rows))
    right, bottom = (-(-(int(places[-1]) + 1 + margin_px) // grid_px) * grid_px for places in (columns, rows))
    return left, top, min(right, mask.shape[1]), min(bottom, mask.shape[0])
