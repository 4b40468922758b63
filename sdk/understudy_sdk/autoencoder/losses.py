"""How far is a drawn face from the one it should be?

The measures are DeepFaceLab's. Both blurs are products of two one-dimensional ones, and those are matrix products here:
on a CPU that is several times faster than a convolution of each channel by itself.

Letters: B batch, C channels, S side.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor

__all__ = [
    "Faces",
    "blur_outside",
    "cross_entropy",
    "dssim",
    "edge_weight",
    "gaussian_blur",
    "picture_losses",
    "structure_loss",
    "style_loss",
    "total_variation",
]

_WINDOW_SIGMA_PX: Final = 1.5
_C1, _C2 = 0.01**2, 0.03**2  # SSIM's constants for values between 0 and 1
_TWO_WINDOWS_FROM_PX: Final = 256


class Faces(NamedTuple):
    """Pictures with their masks.

    Attributes:
        rgb: float32 (B, 3, S, S), 0 to 1.
        mask: float32 (B, 1, S, S), 0 to 1.
    """

    rgb: Tensor
    mask: Tensor


def picture_losses(drawn: Tensor, true: Tensor) -> Tensor:
    """Return ten times structural dissimilarity and mean square error of (B, C, S, S), 0 to 1, for each face: (B,)."""
    return structure_loss(true, drawn) + 10.0 * (true - drawn).square().mean(dim=(1, 2, 3))


def structure_loss(a: Tensor, b: Tensor) -> Tensor:
    """Return ten times DSSIM, (B,); from 256 px on half of it is measured in windows half as wide."""
    size = a.shape[-1]
    if size < _TWO_WINDOWS_FROM_PX:
        return 10.0 * dssim(a, b, int(size / 11.6)).mean(dim=1)
    return 5.0 * (dssim(a, b, int(size / 11.6)) + dssim(a, b, int(size / 23.2))).mean(dim=1)


def edge_weight(mask: Tensor) -> Tensor:
    """Return how much each place counts for a mask (B, 1, S, S): 1 within, falling to 0 outside its edge."""
    return gaussian_blur(mask, max(1, mask.shape[-1] // 32)).clamp(0, 0.5) * 2.0


def blur_outside(faces: Faces) -> Tensor:
    """Return the pictures with what lies outside the mask blurred, without the face bleeding into it."""
    outside = 1.0 - faces.mask
    sigma_px = faces.rgb.shape[-1] / 128
    share = 1.0 - gaussian_blur(faces.mask, sigma_px)
    blurred = gaussian_blur(faces.rgb * outside, sigma_px) / torch.where(share == 0, 1.0, share)
    return faces.rgb * faces.mask + blurred * outside


def style_loss(a: Tensor, b: Tensor, sigma_px: float, weight: float) -> Tensor:
    """Return how much mean and deviation of the channels of (B, C, S, S) differ after a blur, (B,)."""
    a, b = (gaussian_blur(x, sigma_px) for x in (a, b))
    means = (a.mean(dim=(2, 3)) - b.mean(dim=(2, 3))).square()
    deviations = (_deviation(a) - _deviation(b)).square()
    return (means + deviations).sum(dim=1) * (weight / a.shape[1])


def _deviation(x: Tensor) -> Tensor:
    return (x.var(dim=(2, 3), correction=0) + 1e-5).sqrt()


def total_variation(x: Tensor) -> Tensor:
    """Return the summed squares of the differences between neighbours along rows and columns, (B,)."""
    down, across = x.diff(dim=2).square(), x.diff(dim=3).square()
    return down.sum(dim=(1, 2, 3)) + across.sum(dim=(1, 2, 3))


def cross_entropy(logits: Tensor, label: float) -> Tensor:
    """Return the mean cross-entropy between logits of one kind and a label of 0 or 1, (B,)."""
    return F.softplus(-logits if label else logits).mean(dim=tuple(range(1, logits.ndim)))


def dssim(a: Tensor, b: Tensor, window_px: int) -> Tensor:
    """Return the structural dissimilarity (1 - SSIM) / 2 of each channel, (B, C), for (B, C, S, S) from 0 to 1.

    SSIM after Wang et al., "Image quality assessment", 2004, with a Gaussian window that always has sigma 1.5 px, on
    the places where the window fits.
    """
    window = _window_matrix(a.shape[-1], window_px, a.device)
    mean_a, mean_b = _both_ways(a, window), _both_ways(b, window)
    mean_product, mean_squares = mean_a * mean_b, mean_a.square() + mean_b.square()
    luminance = (2.0 * mean_product + _C1) / (mean_squares + _C1)
    covariance = _both_ways(a * b, window) - mean_product
    variances = _both_ways(a.square() + b.square(), window) - mean_squares
    structure = (2.0 * covariance + _C2) / (variances + _C2)
    return (1.0 - (luminance * structure).mean(dim=(2, 3))) / 2.0


def gaussian_blur(x: Tensor, sigma_px: float) -> Tensor:
    """Blur (B, C, S, S) with a kernel of about four sigma; 0 lies beyond the edge."""
    return _both_ways(x, _blur_matrix(x.shape[-1], sigma_px, x.device))


def _both_ways(x: Tensor, matrix: Tensor) -> Tensor:
    return matrix @ x @ matrix.T


@lru_cache(maxsize=16)
def _blur_matrix(size: int, sigma_px: float, device: torch.device) -> Tensor:
    """Return the blur of a line, (S, S)."""
    taps = max(3, int(4 * sigma_px)) | 1  # odd
    return _band(size, size, _gaussian(taps, sigma_px), -(taps // 2)).to(device)


@lru_cache(maxsize=16)
def _window_matrix(size: int, taps: int, device: torch.device) -> Tensor:
    """Return the windowed mean of a line where the window fits, (S - taps + 1, S)."""
    return _band(size - taps + 1, size, _gaussian(taps, _WINDOW_SIGMA_PX), 0).to(device)


def _gaussian(taps: int, sigma_px: float) -> Tensor:
    """Return weights that sum up to 1, (taps,)."""
    places = torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2
    return torch.softmax(-places.square() / (2.0 * sigma_px**2), dim=0).float()


def _band(rows: int, columns: int, taps: Tensor, first: int) -> Tensor:
    """Return the matrix whose row r holds the taps from column ``r + first`` on, as far as they lie within."""
    place = torch.arange(columns)[None] - torch.arange(rows)[:, None] - first
    inside = (place >= 0) & (place < len(taps))
    return torch.where(inside, taps[place.clamp(0, len(taps) - 1)], 0.0)
