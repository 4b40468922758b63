"""How far is a drawn face from the one it should be?

The measures are DeepFaceLab's. Both blurs are products of two one-dimensional ones, and those are matrix products here:
on a CPU that is several times faster than a convolution of each channel by itself.

Letters: B batch, C channels, S side.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import torch
from torch import Tensor

__all__ = ["Faces", "dssim", "face_losses", "gaussian_blur"]

_WINDOW_SIGMA_PX: Final = 1.5
_C1, _C2 = 0.01**2, 0.03**2  # SSIM's constants for values between 0 and 1


class Faces(NamedTuple):
    """Pictures with their masks.

    Attributes:
        rgb: float32 (B, 3, S, S), 0 to 1.
        mask: float32 (B, 1, S, S), 0 to 1.
    """

    rgb: Tensor
    mask: Tensor


def face_losses(drawn: Faces, true: Faces, weight: Tensor, window_px: int) -> Tensor:
    """Add up ten times DSSIM, mean square error and the masks' mean square error for each face, (B,).

    Args:
        drawn: What the decoder drew.
        true: What it should have drawn.
        weight: (B, 1, S, S), how much each place of the pictures counts.
        window_px: Side of the window in which structure is compared.
    """
    rgb, drawn_rgb = true.rgb * weight, drawn.rgb * weight
    structure = dssim(rgb, drawn_rgb, window_px).mean(dim=1)
    pixels = (rgb - drawn_rgb).square().mean(dim=(1, 2, 3))
    outline = (true.mask - drawn.mask).square().mean(dim=(1, 2, 3))
    return 10.0 * (structure + pixels + outline)


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


@lru_cache(maxsize=8)
def _blur_matrix(size: int, sigma_px: float, device: torch.device) -> Tensor:
    """Return the blur of a line, (S, S)."""
    taps = max(3, int(4 * sigma_px)) | 1  # odd
    return _band(size, size, _gaussian(taps, sigma_px), -(taps // 2)).to(device)


@lru_cache(maxsize=8)
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
