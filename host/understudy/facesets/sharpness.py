"""How sharp is a picture, by four measures that the field uses?

All take a grey picture: uint8 (H, W). What is outside a face's mask is best set to 0 first, so that the ground behind
it does not count. They are meant to compare pictures of one size with each other.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from skimage.feature import canny

from understudy_sdk.types import F64, U8

__all__ = ["cpbd_sharpness", "fourier_detail", "laplacian_variance", "motion_sharpness"]

BLOCK_PX: Final = 64
"""Side of the blocks that CPBD looks at; edges outside whole blocks do not count."""

MIN_EDGE_SHARE: Final = 0.002
"""Share of a block's pixels that must be edges for the block to count."""

MAX_REACH_PX: Final = 101
"""How far an edge is followed to either side."""

CENTER_PX: Final = 75
"""How many frequencies around zero, to each side, count as no detail in a spectrum of 512 rows and columns."""

SPECTRUM_PX: Final = 512


def cpbd_sharpness(grey: U8) -> float:
    """Return the share of vertical edges too sharp for the eye to see their blur, 0 to 1; 0 where there are no edges.

    The cumulative probability of blur detection (Narvekar and Karam 2011): an edge ``w`` pixels wide is seen as blurred
    with probability ``1 - exp(-(w / j) ** 3.6)``, ``j`` being the width just noticed: 5 px in blocks of little
    contrast, else 3. The edges below the probability 0.635 are counted. Widths are Marziliano's: from an edge to the
    nearest extremes left and right of it.
    """
    picture = grey.astype(np.float64)
    widths = _edge_widths(picture)
    is_edge: npt.NDArray[np.bool_] = canny(picture)  # type: ignore[no-untyped-call]  # scikit-image states no types
    found: list[F64] = []
    height, width = grey.shape
    for top in range(0, height - BLOCK_PX + 1, BLOCK_PX):
        for left in range(0, width - BLOCK_PX + 1, BLOCK_PX):
            block = np.s_[top : top + BLOCK_PX, left : left + BLOCK_PX]
            if is_edge[block].mean() <= MIN_EDGE_SHARE:
                continue
            just_noticed_px = 5.0 if np.ptp(picture[block]) <= 50 else 3.0
            inside = widths[block]
            found.append(inside[inside > 0] / just_noticed_px)
    ratios = np.concatenate(found) if found else np.zeros(0)
    if not ratios.size:
        return 0.0
    seen_as_blurred = 1.0 - np.exp(-(ratios**3.6))
    return float(np.mean(np.rint(seen_as_blurred * 100) < BLOCK_PX))


def motion_sharpness(grey: U8) -> float:
    """Return the variance of a wide Laplacian (kernel 11), which also motion blur lowers; 0 for a flat picture."""
    return float(cv2.Laplacian(grey, cv2.CV_64F, ksize=11).var())


def laplacian_variance(grey: U8) -> float:
    """Return the variance of the Laplacian over the picture's side in px; 0 for a flat picture."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).var()) / float(np.sqrt(grey.size))


def fourier_detail(grey: U8) -> float:
    """Return the mean level, in decibels, of what is left of a picture without its coarse shapes.

    The spectrum's centre (the lowest 15 in 100 frequencies of each direction) is set to 0; a flat picture gives -100.
    """
    spectrum = np.fft.fftshift(np.fft.fft2(grey.astype(np.float64)))
    rows, columns = (round(length * CENTER_PX / SPECTRUM_PX) for length in grey.shape)
    middle_row, middle_column = grey.shape[0] // 2, grey.shape[1] // 2
    spectrum[middle_row - rows : middle_row + rows + 1, middle_column - columns : middle_column + columns + 1] = 0
    detail = np.abs(np.fft.ifft2(np.fft.ifftshift(spectrum)))
    return float(np.mean(20 * np.log10(np.maximum(detail, 1e-5))))


def _edge_widths(picture: F64) -> F64:
    """Return the width in px of each edge that runs up and down, 0 elsewhere: float64 (H, W)."""
    by_row, by_column = np.gradient(picture)
    angle_deg = np.degrees(np.arctan2(by_row, by_column))
    angle_deg[by_column == 0] = 0
    direction = 45 * np.rint(angle_deg / 45)
    brightens, darkens = direction == 0, np.abs(direction) == 180
    inner = np.zeros(picture.shape, bool)
    inner[1:-1, 1:-1] = True
    widths = np.zeros(picture.shape)
    is_edge = _sobel_edges(picture) & inner
    for chosen, sign in ((brightens, 1.0), (darkens, -1.0)):
        # left of a brightening edge the picture falls, right of it it rises
        left = _reach((-sign * picture)[:, ::-1])[:, ::-1]
        right = _reach(sign * picture)
        place = is_edge & chosen
        widths[place] = (left + right)[place]
    return widths


def _reach(picture: F64) -> F64:
    """Return how many px to the right of each pixel's neighbour the picture goes on rising, plus 1: float64 (H, W)."""
    rises = picture[:, 1:] > picture[:, :-1]  # at column c: from c to c + 1
    steps = np.zeros((picture.shape[0], picture.shape[1] + 1))
    for column in range(picture.shape[1] - 2, -1, -1):
        steps[:, column] = np.where(rises[:, column], steps[:, column + 1] + 1, 0)
    return np.asarray(np.minimum(steps[:, 1:] + 1, MAX_REACH_PX), np.float64)


def _sobel_edges(picture: F64) -> npt.NDArray[np.bool_]:
    """Return where a picture's vertical Sobel edges stand out and are thin: bool (H, W)."""
    strength = (cv2.Sobel(picture, cv2.CV_64F, 1, 0, borderType=cv2.BORDER_REFLECT) / 8) ** 2
    strength[strength <= 2 * np.sqrt(strength.mean())] = 0
    around = np.pad(strength, 1)
    is_peak_in_row = (strength > around[1:-1, :-2]) & (strength > around[1:-1, 2:])
    is_peak_in_column = (strength > around[:-2, 1:-1]) & (strength > around[2:, 1:-1])
    return np.asarray(is_peak_in_row | is_peak_in_column, bool)
