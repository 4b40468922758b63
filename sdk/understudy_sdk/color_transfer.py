"""How does a face take on the colours of another picture?"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["rct"]

F32 = npt.NDArray[np.float32]

_LAB_LOW = np.array([0.0, -127.0, -127.0], np.float32)
_LAB_HIGH = np.array([100.0, 127.0, 127.0], np.float32)


def rct(picture: F32, reference: F32, picture_weights: F32 | None = None, reference_weights: F32 | None = None) -> F32:
    """Give a picture the reference's mean and contrast, channel by channel in L*a*b*.

    E. Reinhard, M. Ashikhmin, B. Gooch and P. Shirley, "Color Transfer between Images", IEEE CG&A 21(5), 2001, with
    CIE L*a*b* (OpenCV's, from sRGB) for the paper's own space, as DeepFaceLab does. Weighted statistics count only the
    weighted pixels; DeepFaceLab's masked form instead counts the others as black, which pulls colours towards grey.

    Args:
        picture: float32 (H, W, 3), RGB, 0 to 1: what is recoloured, all of it.
        reference: float32 (any, any, 3), RGB, 0 to 1.
        picture_weights: float32 (H, W), how much each pixel counts in the statistics; all alike by default.
        reference_weights: float32 of the reference's height and width.

    Returns:
        float32 (H, W, 3), 0 to 1. A channel without contrast is only moved; without any weight the picture stays.
    """
    lab, reference_lab = _to_lab(picture), _to_lab(reference)
    here, there = _mean_and_deviation(lab, picture_weights), _mean_and_deviation(reference_lab, reference_weights)
    if here is None or there is None:
        return picture
    (mean, deviation), (reference_mean, reference_deviation) = here, there
    has_contrast = deviation > 1e-4  # of L*a*b*'s 100: less is rounding
    gain = np.divide(reference_deviation, deviation, out=np.ones_like(deviation), where=has_contrast)
    lab = lab * gain + (reference_mean - mean * gain)
    return _from_lab(np.clip(lab, _LAB_LOW, _LAB_HIGH))


def _to_lab(rgb: F32) -> F32:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), np.float32)


def _from_lab(lab: F32) -> F32:
    return np.clip(np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32), 0.0, 1.0)


def _mean_and_deviation(lab: F32, weights: F32 | None) -> tuple[F32, F32] | None:
    """Return mean and standard deviation per channel, float32 (3,) each, or nothing where nothing counts."""
    values = lab.reshape(-1, 3)
    # (H, W, 3) -> (H*W, 3)
    shares = np.full(len(values), 1.0, np.float32) if weights is None else weights.reshape(-1)
    total = float(shares.sum())
    if total < 1.0:  # less than one pixel
        return None
    mean = shares @ values / np.float32(total)
    variance = shares @ np.square(values - mean) / np.float32(total)
    return mean, np.sqrt(variance)
