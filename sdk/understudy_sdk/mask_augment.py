"""How are pictures varied that a masker learns from, so that it knows faces in any light and any quality?

DeepFaceLab's filters, each a function of given parameters, and ``draw_...``, which leave those to chance.

Pictures are float32 (S, S, 3), 0 to 1, RGB; masks float32 (S, S), 0 to 1. Results may leave the range where it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from .types import F32

__all__ = [
    "Levels",
    "adjust_levels",
    "compress",
    "draw_faded_circle",
    "draw_recoloring",
    "draw_wear",
    "faded_circle",
    "flare",
    "gaussian_blur",
    "motion_blur",
    "paste_behind",
    "sharpen",
    "shift_hsv",
    "shrink",
    "within",
]

Filter = Callable[[F32], F32]
Interpolation = Literal["nearest", "bilinear"]

_INTERPOLATIONS: Final = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR}
_CHANCE: Final = 0.25  # of each kind of wear
_SHARPEN_KERNELS: Final = 5
_BOX_AMOUNTS, _GAUSSIAN_AMOUNTS = 10, 50
_MOTION_KERNELS: Final = 5
_BLUR_KERNELS: Final = (1, 3, 5, 7, 9)
_MOST_SHRUNK: Final = 0.75
_QUALITIES: Final = (10, 100)
_MOST_LEVEL: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A change of tones, per channel, float32 (3,) each.

    Attributes:
        black_in: What becomes ``black_out``.
        white_in: What becomes ``white_out``.
        gamma: Above 1 brightens what lies between.
        black_out: See ``black_in``.
        white_out: See ``white_in``.
    """

    black_in: F32
    white_in: F32
    gamma: F32
    black_out: F32
    white_out: F32


# -- filters, by their parameters --


def shift_hsv(picture: F32, hue_deg: float, saturation: float, value: float) -> F32:
    """Turn the hue, and add to saturation and value, which stay within 0 to 1."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + hue_deg) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] + saturation, 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] + value, 0, 1)
    return np.asarray(np.clip(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), 0, 1), np.float32)


def adjust_levels(picture: F32, levels: Levels) -> F32:
    """Map black and white points of each channel, with a gamma between them."""
    share = np.clip((picture - levels.black_in) / (levels.white_in - levels.black_in), 0, 1)
    toned = share ** (1 / levels.gamma) * (levels.white_out - levels.black_out) + levels.black_out
    return np.asarray(toned, np.float32)


def sharpen(picture: F32, kernel_px: int, amount: float, kind: Literal["box", "gaussian"]) -> F32:
    """Add what a blur takes away, several times over; leaves 0 to 1. An even kernel counts as the next odd one.

    Args:
        picture: What to sharpen.
        kernel_px: Of the blur.
        amount: 1 adds the difference from a box blur once, that from a Gaussian one half.
        kind: Of the blur.
    """
    side = kernel_px | 1
    if kind == "gaussian":
        blurred = cv2.GaussianBlur(picture, (side, side), 0)
        return np.asarray(cv2.addWeighted(picture, 1 + 0.5 * amount, blurred, -0.5 * amount, 0), np.float32)
    kernel = np.full((side, side), -amount / (side * side), np.float32)
    kernel[side // 2, side // 2] += 1 + amount
    return np.asarray(cv2.filter2D(picture, -1, kernel), np.float32)


def motion_blur(picture: F32, kernel_px: int, angle_deg: float) -> F32:
    """Blur along a line of some length, turned counter-clockwise from the horizontal."""
    line = np.zeros((kernel_px, kernel_px), np.float32)
    middle = (kernel_px - 1) / 2
    line[(kernel_px - 1) // 2] = 1
    turned = cv2.warpAffine(line, cv2.getRotationMatrix2D((middle, middle), angle_deg, 1.0), (kernel_px, kernel_px))
    return np.asarray(cv2.filter2D(picture, -1, turned / turned.sum()), np.float32)


def gaussian_blur(picture: F32, kernel_px: int) -> F32:
    """Blur with a Gaussian that reaches over an odd number of pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (kernel_px, kernel_px), 0), np.float32)


def shrink(picture: F32, side_px: int, interpolation: Interpolation) -> F32:
    """Resize to a smaller side and back."""
    size, how = picture.shape[0], _INTERPOLATIONS[interpolation]
    small = cv2.resize(picture, (side_px, side_px), interpolation=how)
    return np.asarray(cv2.resize(small, (size, size), interpolation=how), np.float32)


def compress(picture: F32, quality: int) -> F32:
    """Return the picture as JPEG keeps it, at a quality of 1 to 100."""
    bgr = np.clip(picture[..., ::-1] * 255, 0, 255).astype(np.uint8)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return np.asarray(np.asarray(decoded)[..., ::-1] / np.float32(255), np.float32)


def faded_circle(size: int, centre: tuple[float, float], start_px: float, end_px: float) -> F32:
    """Return a mask that is 1 up to ``start_px`` from a centre x, y, and falls to 0 over ``end_px`` more."""
    line = np.arange(size, dtype=np.float32)
    distance = np.sqrt((line - np.float32(centre[0])) ** 2 + (line[:, None] - np.float32(centre[1])) ** 2)
    share = 1 - (distance - np.float32(start_px)) / np.float32(max(end_px, 1e-6))
    return np.asarray(np.clip(share, 0, 1), np.float32)


def flare(picture: F32, where: F32, kernel_px: int) -> F32:
    """Add the glow of that part of a picture that a mask shows, blurred by an odd kernel; cut off at 1."""
    glow = gaussian_blur(np.asarray(picture * where[..., None], np.float32), kernel_px)
    return np.asarray(np.clip(picture + glow, 0, 1), np.float32)


def paste_behind(picture: F32, mask: F32, other: F32, other_mask: F32, share: float) -> F32:
    """Lay another picture's surroundings over what is outside a picture's mask.

    Args:
        picture: Whose face stays.
        mask: Where it is.
        other: What is laid behind it; its own face is left out.
        other_mask: Where that is.
        share: Of the old surroundings that stay, 0 to 1.
    """
    kept = (1 - (1 - other_mask) * (1 - mask))[..., None]
    return np.asarray(picture * kept + (picture * share + other * (1 - share)) * (1 - kept), np.float32)


# -- filters, by chance --


def draw_recoloring(random: np.random.Generator) -> Filter:
    """Draw a turn of the hue or a change of tones, either as likely."""
    if random.random() < 0.5:
        hue, (saturation, value) = int(random.integers(360)), random.random(2) - 0.5
        return lambda picture: shift_hsv(picture, hue, saturation, value)
    drawn = np.asarray(random.random((5, 3)), np.float32)
    most = np.float32(_MOST_LEVEL)
    levels = Levels(drawn[0] * most, 1 - drawn[1] * most, 0.5 + drawn[2], drawn[3] * most, 1 - drawn[4] * most)
    return lambda picture: adjust_levels(picture, levels)


def draw_faded_circle(random: np.random.Generator, size: int) -> F32:
    """Draw a faded circle anywhere in a picture, as wide as the picture at most."""
    return faded_circle(*_drawn_circle(random, size))


def draw_wear(random: np.random.Generator, size: int) -> list[Filter]:
    """Draw what a picture suffers: sharpening, or blur of motion and focus; a loss of pixels; JPEG.

    Each comes with a chance of one in four, and in a faded circle of its own, beyond which all stays as it is. The
    result may leave 0 to 1 but for the last.
    """
    kinds = [_drawn_sharpening] if random.random() < 0.5 else [_drawn_motion, _drawn_blur]
    found: list[Filter] = []
    for kind in (*kinds, _drawn_shrinking, _drawn_compression):
        happens, drawn, circle = random.random() < _CHANCE, kind(random, size), _drawn_circle(random, size)
        if happens:
            found.append(within(drawn, faded_circle(*circle)))
    return found


def within(change: Filter, mask: F32) -> Filter:
    """Return a filter that changes a picture within a mask alone."""
    share = mask[..., None]
    return lambda picture: np.asarray(picture * (1 - share) + change(picture) * share, np.float32)


def _drawn_circle(random: np.random.Generator, size: int) -> tuple[int, tuple[float, float], float, float]:
    centre, start = (random.uniform(0, size), random.uniform(0, size)), random.uniform(0, size)
    return size, centre, start, start + random.uniform(0, size - start)


def _drawn_sharpening(random: np.random.Generator, _size: int) -> Filter:
    kernel = 1 + int(random.integers(_SHARPEN_KERNELS))
    if random.random() < 0.5:
        amount = int(random.integers(_BOX_AMOUNTS))
        return lambda picture: sharpen(picture, kernel, amount, "box")
    amount = int(random.integers(_GAUSSIAN_AMOUNTS))
    return lambda picture: sharpen(picture, kernel, amount, "gaussian")


def _drawn_motion(random: np.random.Generator, _size: int) -> Filter:
    kernel, angle = 1 + int(random.integers(_MOTION_KERNELS)), int(random.integers(360))
    return lambda picture: motion_blur(picture, kernel, angle)


def _drawn_blur(random: np.random.Generator, _size: int) -> Filter:
    kernel = _BLUR_KERNELS[int(random.integers(len(_BLUR_KERNELS)))]
    return lambda picture: gaussian_blur(picture, kernel)


def _drawn_shrinking(random: np.random.Generator, size: int) -> Filter:
    interpolation: Interpolation = "nearest" if random.random() < 0.5 else "bilinear"
    side = max(1, int(size * (1 - _MOST_SHRUNK * random.random())))
    return lambda picture: shrink(picture, side, interpolation)


def _drawn_compression(random: np.random.Generator, _size: int) -> Filter:
    quality = int(random.integers(_QUALITIES[0], _QUALITIES[1] + 1))
    return lambda picture: compress(np.asarray(np.clip(picture, 0, 1), np.float32), quality)
