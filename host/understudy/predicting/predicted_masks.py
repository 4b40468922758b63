"""Where is the face in a picture that a model drew?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from understudy.answers import check_masks
from understudy_sdk import Crop, Masker, Swap
from understudy_sdk.geometry import mesh_to_crop, scale_crop, transform_points

__all__ = ["masked_swaps"]


def masked_swaps(masker: Masker, crops: Sequence[Crop], swaps: Sequence[Swap]) -> list[Swap]:
    """Return the swaps with a masker's masks of them.

    Args:
        masker: Looks at the faces that the model drew as if they were cut from the frame.
        crops: The target's faces, whose landmarks the drawn ones share.
        swaps: The model's answers, one for each crop.
    """
    drawn = [_as_crop(crop, swap) for crop, swap in zip(crops, swaps, strict=True)]
    masks = check_masks(masker.mask(drawn), drawn)
    return [replace(swap, predicted_mask=mask.values) for swap, mask in zip(swaps, masks, strict=True)]


def _as_crop(crop: Crop, swap: Swap) -> Crop:
    """Return a swap as a crop of its own size; colours beyond 0 to 1 are cut."""
    size = swap.rgb.shape[0]
    factor = size / crop.size
    to_swap = np.array([[factor, 0.0, 0.0], [0.0, factor, 0.0]])
    return replace(
        crop,
        rgb=np.rint(np.clip(swap.rgb, 0.0, 1.0) * 255).astype(np.uint8),
        frame_to_crop=scale_crop(crop.frame_to_crop, crop.size, size),
        landmarks=transform_points(to_swap, crop.landmarks).astype(np.float32),
        mesh=None if crop.mesh is None else mesh_to_crop(to_swap, crop.mesh),
    )
