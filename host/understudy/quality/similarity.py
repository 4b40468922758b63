"""How far does a picture keep to another one, and a mask to another one?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from understudy_sdk.types import F32

__all__ = ["color_difference", "mask_iou", "ssim"]

_SIGMA: Final = 1.5
_LEAST_PX: Final = 11
"""Side of the window that the structural similarity looks through."""


def ssim(one: F32, other: F32, mask: F32) -> float:
    """Return the mean structural similarity within a mask, -1 to 1; of equal pictures 1.

    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004,
    with its Gaussian window, over the three channels.

    Args:
        one: float32 (S, S, 3), 0 to 1, RGB; S is 11 at least.
        other: The same.
        mask: float32 (S, S), 0 to 1, how much each pixel counts.
    """
    if min(one.shape[:2]) < _LEAST_PX:
        raise ValueError(f"a structural similarity needs {_LEAST_PX} px, but the picture has {one.shape[:2]}")
    _, maps = structural_similarity(  # type: ignore[no-untyped-call] # it has none
        one, other, channel_axis=2, data_range=1.0, full=True,
        gaussian_weights=True, sigma=_SIGMA, use_sample_covariance=False,
    )  # fmt: skip
    return _within(maps.mean(axis=2), mask)


def color_difference(one: F32, other: F32, mask: F32) -> float:
    """Return the mean colour difference within a mask in units of CIEDE2000, 0 or more; 1 is just visible.

    Args:
        one: float32 (S, S, 3), 0 to 1, sRGB.
        other: The same.
        mask: float32 (S, S), 0 to 1, how much each pixel counts.
    """
    lab = rgb2lab(np.stack([one, other]))
    distances = deltaE_ciede2000(*lab)  # type: ignore[no-untyped-call] # it has none
    return _within(distances, mask)


def mask_iou(one: F32, other: F32) -> float:
    """Return the area that two masks share over the area that either covers; two empty ones agree, which is 1.

    Args:
        one: float32 (S, S), 0 to 1; from a half on a pixel is in.
        other: The same.
    """
    mine, theirs = one >= 0.5, other >= 0.5
    either = int((mine | theirs).sum())
    return int((mine & theirs).sum()) / either if either else 1.0


def _within(values: npt.NDArray[np.floating], mask: F32) -> float:
    total = float(mask.sum())
    return float((values * mask).sum()) / total if total > 0.0 else float(values.mean())
