"""How is a mask's edge moved and made soft?

Masks here are float32 (S, S), 0 to 1, over a crop's square; beyond the square is no face. Lengths are in the mask's own
pixels.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["moved_edge", "padded", "reference_edge", "soft_edge"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

Sides = tuple[float, float, float, float]
"""On the left, at the top, on the right and at the bottom."""

_SLOW_PX: Final = 20
"""From this reach on, edges are moved at half the size: the time grows with the reach's square."""

_LEAST: Final = 1.0 / 255.0
_LESS_THAN_LEAST: Final = float(np.nextafter(np.float32(_LEAST), np.float32(0.0)))
"""What is not above this does not show."""


def moved_edge(values: F32, inwards_px: Sides) -> F32:
    """Return the mask with its edge moved inwards, on each side by its own length; below 0 it moves outwards.

    An edge that lies askew moves as far as an ellipse between the sides' lengths says. Lengths are rounded to whole px.
    """
    inwards = tuple(max(0, round(px)) for px in inwards_px)
    outwards = tuple(max(0, round(-px)) for px in inwards_px)
    if not (any(inwards) or any(outwards)):
        return values
    size = len(values)
    # on bytes this is several times faster, and edges keep no more; the conversion rounds
    levels = np.asarray(cv2.convertScaleAbs(values, alpha=255), np.uint8)
    is_far = size > 2 * _SLOW_PX and max(*inwards, *outwards) > _SLOW_PX
    if is_far:
        inwards, outwards = (tuple((px + 1) // 2 for px in sides) for sides in (inwards, outwards))
        levels = np.asarray(cv2.resize(levels, (size // 2, size // 2), interpolation=cv2.INTER_AREA), np.uint8)
    levels = _morphed(levels, inwards, is_inwards=True)
    levels = _morphed(levels, outwards, is_inwards=False)
    if is_far:
        levels = np.asarray(cv2.resize(levels, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.divide(levels, 255, dtype=np.float32)


def soft_edge(values: F32, blur_px: Sides, frame_px: float = 0.0) -> F32:
    """Return the mask with a soft edge that lies within it.

    The edge moves inwards by half of its softness and is blurred by a Gaussian that ends after the other half: beyond
    the mask nothing shows, and towards the square's border the mask always fades.

    Args:
        values: float32 (S, S), 0 to 1.
        blur_px: How wide the soft edge is on each side.
        frame_px: Width of the frame along the square's border that stays 0 at least.
    """
    widths = sorted(set(blur_px))
    if len(widths) == 1:
        return _softened(_framed(values, math.ceil(frame_px)), blur_px, widths[0])
    # One mask for each width, soft on the sides that have it and wide enough on the others; what all show, shows.
    margin = 2 * math.ceil(widths[-1] / 2)
    padded = np.pad(_framed(values, math.ceil(frame_px)), margin)
    masks = []
    for width in widths:
        left, top, right, bottom = (width if side == width else -width for side in blur_px)
        masks.append(_softened(padded, (left, top, right, bottom), width))
    inner = slice(margin, margin + len(values))
    return np.ascontiguousarray(np.minimum.reduce(masks)[inner, inner])


def padded(values: F32, pads_percent: Sides) -> F32:
    """Return the mask with nothing shown within so many percent of each border; a pixel cut through shows in part.

    Args:
        values: float32 (S, S), 0 to 1.
        pads_percent: On the left, at the top, on the right and at the bottom.
    """
    if not any(pads_percent):
        return values
    size = len(values)
    left, top, right, bottom = (percent * size / 100.0 for percent in pads_percent)
    place = np.arange(size, dtype=np.float64)
    rows = np.clip(np.minimum(place + 1 - top, size - bottom - place), 0.0, 1.0)
    columns = np.clip(np.minimum(place + 1 - left, size - right - place), 0.0, 1.0)
    return np.asarray(np.minimum(values, rows[:, None] * columns[None, :]), np.float32)


def reference_edge(values: F32, erode_px: float, blur_px: float) -> F32:
    """Return the mask with its edge moved and blurred as DeepFaceLab does, at four times the model's side.

    Args:
        values: float32 (S, S), 0 to 1, at S four times the model's side.
        erode_px: Width of the ellipse by which the mask is eroded; below 0 it is dilated.
        blur_px: Width of the Gaussian's window, before it is made odd.
    """
    margin, window = len(values) // 4, int(blur_px)
    padded = np.pad(values, margin)
    if reach := abs(int(erode_px)):
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        padded = np.asarray((cv2.erode if erode_px > 0 else cv2.dilate)(padded, ellipse), np.float32)
    padded = _framed(padded, margin + window // 2)
    if window > 0:
        padded = np.asarray(cv2.GaussianBlur(padded, (window | 1, window | 1), 0), np.float32)
    return np.clip(padded[margin:-margin, margin:-margin], 0.0, 1.0)


def _softened(values: F32, inwards_px: Sides, blur_px: float) -> F32:
    """Return the mask with each edge moved by half of its length, and all of it blurred."""
    left, top, right, bottom = (px / 2 for px in inwards_px)
    values = moved_edge(values, (left, top, right, bottom))
    kernel = 2 * round(blur_px / 2) + 1
    if kernel > 1:
        values = np.asarray(cv2.GaussianBlur(values, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT), np.float32)
    shown = np.asarray(cv2.threshold(values, _LESS_THAN_LEAST, 0.0, cv2.THRESH_TOZERO)[1], np.float32)
    return np.minimum(shown, 1.0, out=shown)


def _morphed(levels: U8, reach_px: tuple[int, ...], *, is_inwards: bool) -> U8:
    if not any(reach_px):
        return levels
    most = len(levels)
    left, top, right, bottom = (min(px, most) for px in reach_px)
    # An edge moves to the right where the pixels on the left are looked at; a dilation looks the other way.
    shape = (left, top, right, bottom) if is_inwards else (right, bottom, left, top)
    move = cv2.erode if is_inwards else cv2.dilate
    moved = move(levels, _ellipse(shape), anchor=shape[:2], borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    return np.asarray(moved, np.uint8)


@lru_cache(maxsize=64)
def _ellipse(reach_px: tuple[int, int, int, int]) -> U8:
    """Return a kernel of four quarters of ellipses, uint8 (top + 1 + bottom, left + 1 + right)."""
    left, top, right, bottom = reach_px
    row, column = np.mgrid[-top : bottom + 1, -left : right + 1].astype(np.float64)
    across = np.divide(column, np.where(column < 0, left, right), out=np.zeros_like(column), where=column != 0)
    along = np.divide(row, np.where(row < 0, top, bottom), out=np.zeros_like(row), where=row != 0)
    kernel: U8 = np.asarray(np.hypot(across, along) <= 1.0 + 1e-9, np.uint8)
    kernel.flags.writeable = False
    return kernel


def _framed(values: F32, width_px: int) -> F32:
    """Return the mask with a frame of zeros along the square's border."""
    framed, size = np.zeros_like(values), len(values)
    inner = slice(width_px, max(width_px, size - width_px))
    framed[inner, inner] = values[inner, inner]
    return framed
