"""Which mask says where a swapped face shows?"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .errors import StageError
from .landmarks import LEFT_EYE, MOUTH, RIGHT_EYE
from .mask_config import MaskConfig
from .mask_edges import moved_edge, padded, reference_edge, soft_edge
from .outline_config import Sides
from .outlines import FINENESS, fill_convex, to_finer, widened
from .types import Crop, Mask, Swap
from .warp import resize_square

__all__ = ["MASK_SIZE", "face_mask", "hard_mask", "kept_mask", "weights_of"]

F32 = npt.NDArray[np.float32]

MASK_SIZE: Final = 256
"""Side in px at which masks are shaped, whatever the sizes of crop and model; the settings' pixels are its pixels."""

_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "full": (),
    "target": ("target",),
    "predicted": ("predicted",),
    "target_predicted": ("target", "predicted"),
    "learned_source": ("learned_source",),
    "learned_target": ("learned_target",),
    "learned": ("learned_source", "learned_target"),
    "learned_sum": ("learned_source", "learned_target"),
    "all": ("target", "predicted", "learned_source", "learned_target"),
}
"""Which masks each choice is made of."""

_LEAST: Final = 1.0 / 255.0

_EYE_REACH, _EYE_SOFTNESS = 0.30, 0.12
_MOUTH_REACH, _MOUTH_SOFTNESS = 0.14, 0.07
"""How far what is kept of the target reaches beyond its landmarks and the blur of its edge, in the feature's width."""


def face_mask(config: MaskConfig, swap: Swap, mask: Mask, frame_px: float = 1.0) -> F32:
    """Return where the swapped face shows, over the crop's square.

    The edge moves inwards by ``mask_erode_px`` and half of ``mask_blur_px``, and is then blurred by a Gaussian that
    ends after half of ``mask_blur_px``. So the soft edge lies inside the mask, and beyond the mask nothing shows
    unless it is made to grow. What lies beyond the square counts as no face: towards its border the mask always fades.
    With ``mask_edge: deepfacelab`` all of this is done as there.

    Args:
        config: The settings.
        swap: Gives the learnt masks.
        mask: The masker's.
        frame_px: Width of the frame along the square's border that stays 0 at least; DeepFaceLab leaves none.

    Returns:
        float32 (256, 256), 0 to 1; in DeepFaceLab's way of four times the model's side.

    Raises:
        StageError: The settings ask for a mask that is not there.
    """
    if config.mask_edge == "deepfacelab":
        side = swap.rgb.shape[0]
        values = padded(_resized(_at_least(_chosen(config, swap, mask, side)), 4 * side), config.pads_percent)
        return reference_edge(values, config.mask_erode_px, config.mask_blur_px)
    return soft_edge(hard_mask(config, swap, mask), config.blurs_px, frame_px)


def hard_mask(config: MaskConfig, swap: Swap, mask: Mask) -> F32:
    """Return where the face is, float32 (256, 256), 0 to 1: its edge is moved as the settings say, and not yet soft.

    Raises:
        StageError: The settings ask for a mask that is not there.
    """
    values = moved_edge(_at_least(_chosen(config, swap, mask, MASK_SIZE)), config.erosions_px)
    return padded(values, config.pads_percent)


def weights_of(config: MaskConfig, shape: F32, size: int) -> F32:
    """Return a mask of the crop's square at another size, float32 (size, size), 0 to 1, in the settings' way."""
    if config.mask_edge == "deepfacelab":
        return np.clip(_resized(shape, size), 0.0, 1.0)
    return resize_square(shape, size)


def kept_mask(config: MaskConfig, crop: Crop) -> F32 | None:
    """Return what of the target's own face stays, float32 (256, 256), 0 to 1, or None where nothing does.

    Eyes and mouth are hulls around their landmarks, somewhat widened, with a soft edge; both in the measure of their
    own width, so that they fit crops of every face type.
    """
    parts = [
        (config.keep_eyes, RIGHT_EYE, _EYE_REACH, _EYE_SOFTNESS),
        (config.keep_eyes, LEFT_EYE, _EYE_REACH, _EYE_SOFTNESS),
        (config.keep_mouth, MOUTH, _MOUTH_REACH, _MOUTH_SOFTNESS),
    ]
    masks = [
        np.float32(share) * _soft_hull(crop.landmarks[part] * (MASK_SIZE / crop.size), reach, softness)
        for share, part, reach, softness in parts
        if share > 0.0
    ]
    return np.asarray(np.maximum.reduce(masks), np.float32) if masks else None


def _soft_hull(points: F32, reach: float, softness: float) -> F32:
    width = float(np.ptp(points[:, 0]))
    px = reach * width * FINENESS
    drawn = fill_convex([widened(to_finer(points), Sides(px, px, px, px))], MASK_SIZE)
    if softness * width < 0.3:
        return drawn
    return np.clip(np.asarray(cv2.GaussianBlur(drawn, (0, 0), softness * width), np.float32), 0.0, 1.0)


def _chosen(config: MaskConfig, swap: Swap, mask: Mask, size: int) -> F32:
    """Return what the masks that the settings name show together, float32 (size, size), 0 to 1."""
    there = {
        "target": mask.values,
        "predicted": swap.predicted_mask,
        "learned_source": swap.source_mask,
        "learned_target": swap.target_mask,
    }
    names = [name for name in there if there[name] is not None] if config.mask == "auto" else _PARTS[config.mask]
    total = np.full((size, size), 0.0 if config.mask == "learned_sum" else 1.0, np.float32)
    for name in names:
        values = there[name]
        if values is None:
            raise _missing(config.mask, name)
        if config.mask == "learned_sum":
            total += weights_of(config, values, size)
        else:
            total *= weights_of(config, values, size)
    return np.clip(total, 0.0, 1.0)


def _missing(choice: str, name: str) -> StageError:
    if name == "predicted":
        return StageError(
            f"mask: {choice} needs a mask of the face that the model drew, and there is none\n"
            f"  name a masker in the swap: mask_swaps: {{use: NAME}}, or use mask: target, the masker's mask"
        )
    side = name.removeprefix("learned_")
    return StageError(
        f"mask: {choice} needs a model that learns the {side}'s mask, and this one does not\n"
        f"  use mask: target, the masker's mask, or mask: auto, which takes what there is"
    )


def _at_least(values: F32) -> F32:
    return np.where(values < _LEAST, np.float32(0.0), values)


def _resized(values: F32, size: int) -> F32:
    """Return a mask at another size as DeepFaceLab makes it, outer edges in place and so half a pixel askew."""
    if len(values) == size:
        return values
    return np.asarray(cv2.resize(values, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
