"""How is a swapped face masked, coloured and placed over its region?"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .blend_config import BlendConfig
from .color_transfer import rct
from .errors import StageError
from .geometry import F64, invert, scale_crop, shift_origin
from .types import Crop, Layer, Mask, Region, Swap
from .warp import resize_square, warp_mask, warp_picture

__all__ = ["MASK_SIZE", "BlendConfig", "crop_to_region", "face_mask", "lay_face", "recolor"]

F32 = npt.NDArray[np.float32]

MASK_SIZE: Final = 256
"""Side in px at which masks are shaped, whatever the sizes of crop and model; the settings' pixels are its pixels."""


def lay_face(config: BlendConfig, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
    """Return the swapped face over its region, masked and coloured as the settings say.

    Args:
        config: The settings.
        region: The frame around the face.
        swap: The model's face over the crop's square.
        crop: The target's face as the model saw it.
        mask: The masker's mask of the target's face over the crop's square.

    Returns:
        Of the region's size. The mask is 0 outside the crop's square.

    Raises:
        StageError: The settings ask for a mask that the model does not learn.
    """
    height, width = region.rgb.shape[:2]
    mask_to_region = crop_to_region(crop, region, MASK_SIZE)
    region_px = math.sqrt(abs(float(np.linalg.det(mask_to_region[:, :2]))))  # per pixel of the mask
    # Shrinking smooths over two pixels of the region either way; a frame as wide keeps that within the square.
    frame_px = 1.0 + (2.0 / region_px if region_px < 1.0 else 0.0)
    shape = face_mask(config, swap, mask, frame_px)
    rgb = recolor(config, swap, crop, shape)
    return Layer(
        rgb=warp_picture(rgb, crop_to_region(crop, region, rgb.shape[0]), (width, height)),
        mask=warp_mask(shape, mask_to_region, (width, height)),
    )


def crop_to_region(crop: Crop, region: Region, size: int) -> F64:
    """Return the affine from the crop's square at side ``size`` to the region's pixels, float64 (2, 3)."""
    return invert(shift_origin(scale_crop(crop.frame_to_crop, crop.size, size), region.x0, region.y0))


def face_mask(config: BlendConfig, swap: Swap, mask: Mask, frame_px: float = 1.0) -> F32:
    """Return where the swapped face shows, over the crop's square at side ``MASK_SIZE``.

    The edge moves inwards by ``mask_erode_px`` and half of ``mask_blur_px``, and is then blurred by a Gaussian that
    ends after half of ``mask_blur_px``. So the soft edge lies inside the mask, and beyond the mask nothing shows
    unless it is made to grow. What lies beyond the square counts as no face: towards its border the mask always fades.

    Args:
        config: The settings.
        swap: Gives the learnt masks.
        mask: The masker's.
        frame_px: Width of the frame along the square's border that stays 0 at least.

    Returns:
        float32 (256, 256), 0 to 1.

    Raises:
        StageError: The settings ask for a mask that the model does not learn.
    """
    values = _chosen_mask(config, swap, mask)
    values = np.where(values < 1 / 255, np.float32(0.0), values)
    half_blur = config.mask_blur_px / 2
    values = _moved_edge(values, round(config.mask_erode_px + half_blur))
    values = _framed(values, math.ceil(frame_px + half_blur))
    kernel = 2 * round(half_blur) + 1
    if kernel > 1:
        blurred = cv2.GaussianBlur(values, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT)
        values = np.asarray(blurred, np.float32)
    return np.clip(values, 0.0, 1.0)


def recolor(config: BlendConfig, swap: Swap, crop: Crop, shape: F32) -> F32:
    """Return the swapped face in the colours the settings ask for, float32 (S, S, 3), 0 to 1, at the swap's size.

    Colours are taken from the target's face in the crop, and only what the mask shows counts, on both sides.

    Args:
        config: The settings.
        swap: The model's face.
        crop: The target's face over the same square.
        shape: float32 (256, 256), the answer of ``face_mask``.
    """
    if config.color_transfer == "none":
        return swap.rgb
    size = swap.rgb.shape[0]
    target = resize_square(crop.rgb, size).astype(np.float32) / np.float32(255.0)
    weights = resize_square(shape, size)
    return rct(swap.rgb, target, weights, weights)


def _chosen_mask(config: BlendConfig, swap: Swap, mask: Mask) -> F32:
    """Return the product of the masks that the settings name, float32 (256, 256), 0 to 1."""
    if config.mask == "full":
        return np.ones((MASK_SIZE, MASK_SIZE), np.float32)
    learned = {"source": swap.source_mask, "target": swap.target_mask}
    parts: list[F32]
    if config.mask == "target":
        parts = [mask.values]
    elif config.mask == "auto":
        parts = [mask.values, *(values for values in learned.values() if values is not None)]
    else:
        sides = {"learned": ("source", "target"), "learned_source": ("source",), "learned_target": ("target",)}
        parts = []
        for side in sides[config.mask]:
            values = learned[side]
            if values is None:
                raise StageError(
                    f"mask: {config.mask} needs a model that learns the {side}'s mask, and this one does not\n"
                    f"  use mask: target, the masker's mask, or mask: auto, which takes what there is"
                )
            parts.append(values)
    product = np.ones((MASK_SIZE, MASK_SIZE), np.float32)
    for values in parts:
        product *= resize_square(values, MASK_SIZE)
    return product


def _moved_edge(values: F32, inwards_px: int) -> F32:
    """Return the mask with its edge moved inwards, or outwards below 0; beyond the square is no face."""
    if inwards_px == 0:
        return values
    reach = abs(inwards_px)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    move = cv2.erode if inwards_px > 0 else cv2.dilate
    levels = np.rint(values * 255).astype(np.uint8)  # on bytes this is several times faster, and edges keep no more
    moved = move(levels, ellipse, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    return np.asarray(moved, np.float32) / np.float32(255.0)


def _framed(values: F32, width_px: int) -> F32:
    """Return the mask with a frame of zeros along the square's border."""
    framed = np.zeros_like(values)
    inner = slice(width_px, max(width_px, MASK_SIZE - width_px))
    framed[inner, inner] = values[inner, inner]
    return framed
