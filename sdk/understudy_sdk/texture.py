"""How does a laid face get the sharpness, movement and grain of the footage around it?"""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import Final

import numpy as np

from .geometry import crop_corners
from .grain import add_grain, measure_grain
from .linear_light import from_light, has_light, to_light
from .motion import blur_along
from .sharpening import degrade_bicubic, median_passes, reduce_colors, sharpen
from .texture_config import TextureConfig
from .types import F32, Crop, Layer, Region, Swap

__all__ = ["textured"]

_MEDIAN_STEP: Final = 10.0  # of ``sharpen`` below 0
_DENOISE_STEP: Final = 100.0
_LEAST_SHOWN: Final = 1 / 255  # of the mask, from which on what shines through it is worth changing


def textured(config: TextureConfig, layer: Layer, region: Region, crop: Crop, swap: Swap) -> Layer:
    """Return a layer with the texture that the settings ask for; the last thing that is done to it.

    In this order: motion blur, sharpening or smoothing, denoising, degrading, palette, grain.

    Args:
        config: The settings.
        layer: The face over the region, in place and colour.
        region: The frame around the face; the target's grain is measured there, where the mask shows the face.
        crop: The target's face; knows how it moves.
        swap: The model's face; its size says how large a detail is.

    Returns:
        With the same mask. The layer itself where nothing is asked for.
    """
    rgb = layer.rgb
    if config.motion_blur > 0 and crop.motion_px is not None:
        rgb = _moving(config, rgb, region, crop.motion_px)
    if config.sharpen > 0:
        rgb = sharpen(rgb, config.sharpen, config.sharpen_kind, max(1.0, _side_px(crop) / swap.rgb.shape[0]))
    elif config.sharpen < 0:
        rgb = median_passes(rgb, -config.sharpen, _MEDIAN_STEP)
    if config.denoise > 0 or config.bicubic_degrade > 0:
        if config.degrade_what == "face":
            rgb = _degraded(config, rgb)
        else:
            rgb = _with_background(rgb, layer.mask, _degraded(config, region.rgb) - region.rgb)
    if config.color_degrade > 0:
        rgb = reduce_colors(rgb, config.color_degrade / 100.0)
    if config.grain > 0:
        rgb = _grained(config, rgb, layer.mask, region, crop)
    return layer if rgb is layer.rgb else replace(layer, rgb=np.ascontiguousarray(rgb, np.float32))


def _moving(config: TextureConfig, rgb: F32, region: Region, motion_px: tuple[float, float]) -> F32:
    x, y = (part * config.motion_blur / 100.0 for part in motion_px)
    if not (config.linear_light and has_light(region.color)):
        return blur_along(rgb, (x, y))
    return from_light(blur_along(to_light(rgb, region.color), (x, y)), region.color)


def _side_px(crop: Crop) -> float:
    """Return the side of a crop's square in the frame."""
    corners = crop_corners(crop.frame_to_crop, crop.size)
    return math.dist(corners[0], corners[1])


def _degraded(config: TextureConfig, rgb: F32) -> F32:
    if config.denoise > 0:
        rgb = median_passes(rgb, config.denoise, _DENOISE_STEP)
    return degrade_bicubic(rgb, config.bicubic_degrade) if config.bicubic_degrade > 0 else rgb


def _with_background(rgb: F32, mask: F32, change: F32) -> F32:
    """Return what, laid over the region through the mask, shows the face over a changed region."""
    shown = mask[..., None]
    through = np.where(shown >= _LEAST_SHOWN, (1.0 - shown) / np.maximum(shown, _LEAST_SHOWN), 0.0)
    return np.asarray(rgb + change * through, np.float32)


def _grained(config: TextureConfig, rgb: F32, mask: F32, region: Region, crop: Crop) -> F32:
    face = mask > 0.5
    grain = measure_grain(region.rgb, face)
    if grain is None:
        return rgb
    place = (0, 0) if crop.at is None else (crop.at.frame, zlib.crc32(crop.at.clip.encode()))
    return add_grain(rgb, grain, face, config.grain, (*place, region.x0, region.y0))
