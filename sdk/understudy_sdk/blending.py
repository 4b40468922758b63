"""How is a swapped face masked, coloured and placed over its region?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from .blend_config import BlendConfig, PlainConfig
from .color_transfer import recolored
from .face_masks import MASK_SIZE, face_mask, kept_mask, weights_of
from .placement import crop_to_region, pixels_per_pixel, placed_mask, placed_picture, shown_box, trimmed
from .texture import textured
from .types import Crop, Layer, Mask, Region, Swap
from .warp import resize_square, warp_mask

__all__ = [
    "BlendConfig",
    "PlainConfig",
    "frame_of_mask",
    "lay_face",
    "lay_picture",
    "margin_of",
    "recolored_swap",
    "target_face",
]

F32 = npt.NDArray[np.float32]

_MARGIN_PX: Final = 4
"""A cloned face is looked at a little beyond its mask; all else is not."""


def lay_face(config: BlendConfig, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
    """Return the swapped face over its region, masked, coloured and placed as the settings say.

    Args:
        config: The settings.
        region: The frame around the face.
        swap: The model's face over the crop's square.
        crop: The target's face as the model saw it.
        mask: The masker's mask of the target's face over the crop's square.

    Returns:
        Of the region's size. The mask is 0 outside the crop's square, as far as the settings leave that where it is.

    Raises:
        StageError: The settings ask for a mask that is not there.
    """
    shape = face_mask(config, swap, mask, frame_of_mask(config, region, crop))
    rgb = recolored_swap(config, swap.rgb, region, crop, shape)
    layer = lay_picture(config, region, crop, rgb, shape, margin_px=margin_of(config))
    return textured(config, layer, region, crop, swap)


def margin_of(config: BlendConfig) -> int | None:
    """Return how much more of a picture than what shows is to be laid, in px; None is all, for texture looks around."""
    return None if config.looks_around else _MARGIN_PX


def lay_picture(
    config: PlainConfig, region: Region, crop: Crop, rgb: F32, shape: F32, *, margin_px: int | None = None
) -> Layer:
    """Return a picture of the crop's square over the region, where a mask of that square shows it.

    What the settings keep of the target's own eyes and mouth stays where it is, however the picture is moved.

    Args:
        config: The settings.
        region: The frame around the face.
        crop: The target's face.
        rgb: float32 (S, S, 3), the face that is laid.
        shape: float32 (S, S), 0 to 1, of any side.
        margin_px: The picture is laid where it shows and so much around it, elsewhere is 0; None lays all of it.
    """
    shown = placed_mask(config, crop, region, shape)
    kept = kept_mask(config, crop)
    if kept is not None:
        shown *= 1.0 - warp_mask(kept, crop_to_region(crop, region, MASK_SIZE), region.size)
    box = None if margin_px is None else shown_box(shown, margin_px)
    return Layer(placed_picture(config, crop, region, rgb, box=box), shown)


def frame_of_mask(config: PlainConfig, region: Region, crop: Crop) -> float:
    """Return how wide a frame of the mask must be 0, in its pixels, so that nothing shows beyond the crop's square.

    Shrinking smooths over two pixels of the region either way; a frame as wide keeps that within the square.
    """
    region_px = pixels_per_pixel(trimmed(config, crop, region, MASK_SIZE))
    return 1.0 + (2.0 / region_px if region_px < 1.0 else 0.0)


def recolored_swap(config: BlendConfig, rgb: F32, region: Region, crop: Crop, shape: F32) -> F32:
    """Return a face in the colours the settings ask for, float32 (S, S, 3), 0 to 1, at its own size.

    Colours are taken from the target's face in the crop.

    Args:
        config: The settings.
        rgb: float32 (S, S, 3), 0 to 1: the model's face.
        region: The frame around the face; says what its numbers mean.
        crop: The target's face over the same square.
        shape: float32 (any, any), the answer of ``face_mask``.
    """
    size = rgb.shape[0]
    weights = weights_of(config, shape, size)
    return recolored(config, rgb, target_face(crop, size), weights, color=region.color, look=crop.look)


def target_face(crop: Crop, size: int) -> F32:
    """Return the target's face over the crop's square, float32 (size, size, 3), 0 to 1."""
    return resize_square(crop.rgb, size).astype(np.float32) / np.float32(255.0)
