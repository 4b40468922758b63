"""How is a face cloned into a frame's light, and laid over it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .blending import frame_of_mask, lay_picture, margin_of, recolored_swap, target_face
from .cloning_config import CloneConfig
from .face_masks import face_mask, weights_of
from .geometry import invert
from .placement import placed_picture, trimmed
from .poisson import clone_to_the_edge
from .texture import textured
from .types import Crop, Layer, Mask, Region, Swap
from .warp import warp_picture, warp_sampled

__all__ = ["Finish", "lay_clone"]

F32 = npt.NDArray[np.float32]

Finish = Callable[[F32, F32, F32], F32]
"""What is done to a face that is cloned and coloured: given the face, the target's own and the mask, returns the face.

All three lie over the region, or all over the crop's square.
"""

_SHOWS_FROM: Final = 0.1
"""Where the mask shows this much, the face counts as shown; the rest of its soft edge only fades.

DeepFaceLab takes the first of 0.1, 0.2 and so on that the mask passes anywhere. Where it does not pass 0.1 there is
nothing to clone, so that is the same.
"""

_SMALLEST_PX: Final = 4
"""A face less wide or high than this cannot be cloned, and hardly be seen."""


def lay_clone(
    config: CloneConfig, region: Region, swap: Swap, crop: Crop, mask: Mask, finish: Finish | None = None
) -> Layer:
    """Return the cloned face and the mask that fades it into the region.

    A face that shows on less than 4 px of width or height stays the target's: the mask is all 0.

    Args:
        config: The settings.
        region: The frame around the face.
        swap: The model's face over the crop's square.
        crop: The target's face as the model saw it.
        mask: The masker's mask of the target's face over the crop's square.
        finish: What is done to the face at last; None is nothing.
    """
    shape = face_mask(config, swap, mask, frame_of_mask(config, region, crop))
    is_before = config.color_order == "before_clone"
    rgb = recolored_swap(config, swap.rgb, region, crop, shape) if is_before else swap.rgb
    layer = lay_picture(config, region, crop, rgb, shape, margin_px=margin_of(config))
    shows = layer.mask > _SHOWS_FROM
    _, _, width, height = cv2.boundingRect(shows.view(np.uint8))
    if min(width, height) < _SMALLEST_PX:
        return Layer(layer.rgb, np.zeros_like(layer.mask))
    cloned = clone_to_the_edge(layer.rgb, region.rgb, shows)
    if is_before:
        face = cloned if finish is None else finish(cloned, region.rgb, layer.mask)
        return textured(config, Layer(face, layer.mask), region, crop, swap)
    shown = layer.mask[..., None]
    taken = _taken_back(config, region, crop, region.rgb * (1.0 - shown) + cloned * shown, swap.rgb.shape[0])
    face = recolored_swap(config, taken, region, crop, shape)
    if finish is not None:
        face = finish(face, target_face(crop, len(face)), weights_of(config, shape, len(face)))
    laid = Layer(placed_picture(config, crop, region, face), layer.mask)
    return textured(config, laid, region, crop, swap)


def _taken_back(config: CloneConfig, region: Region, crop: Crop, merged: F32, size: int) -> F32:
    """Return the face cut out of the merged region again, float32 (S, S, 3), 0 to 1."""
    affine = invert(trimmed(config, crop, region, size))
    taken = (warp_sampled if config.paste_filter == "cubic" else warp_picture)(merged, affine, size)
    return np.clip(taken, 0.0, 1.0)
