"""Which numbers do a frame's stored samples stand for?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import ColorDescription
from understudy_sdk.types import F32

from .color import gray_levels, levels_of, to_rgb
from .light import shown_light
from .planes import PixelLayout

__all__ = ["brightness_of_codes", "brightness_weights", "codes_of", "codes_of_rgb", "rgb_of_codes"]

_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue in the brightness of a picture that has no luma of its own: BT.709's."""


def codes_of(stored: npt.NDArray[Any], layout: PixelLayout) -> F32:
    """Return stored samples as code values, float32; amounts of light as they are shown, 0 to 1 nominal."""
    if layout.is_float:
        return shown_light(stored)
    return (stored >> layout.shift if layout.shift else stored).astype(np.float32)


def rgb_of_codes(planes: Sequence[F32], layout: PixelLayout, color: ColorDescription) -> F32:
    """Turn code values of channels that have one size into RGB of the same transfer: float32 (h, w, 3), 0 to 1 nominal.

    Args:
        planes: float32 (h, w), in the layout's order; overwritten.
        layout: What the channels are.
        color: What the numbers mean.
    """
    if layout.model == "ycc":
        return to_rgb(planes, color)
    if layout.model == "gray":
        zero, span = gray_levels(color)
        gray = (planes[0] - np.float32(zero)) * np.float32(1 / span)
        return np.repeat(gray[..., None], 3, axis=2)
    rgb = np.empty((*planes[0].shape, 3), np.float32)
    for channel, plane in enumerate(planes):
        np.multiply(plane, np.float32(1 / layout.top), out=rgb[..., channel])
    return rgb


def codes_of_rgb(rgb: F32, layout: PixelLayout, color: ColorDescription) -> list[F32]:
    """Turn RGB into code values that are not rounded, float32 (h, w) for each channel; undoes ``rgb_of_codes``.

    Args:
        rgb: float32 (h, w, 3), in the clip's transfer.
        layout: What the channels are; chroma comes on the luma grid too.
        color: What the numbers mean.
    """
    matrix, zeros = _into_codes(layout, color)
    # A product of matrices gives whole planes at once, many times faster than channel by channel.
    planes = matrix @ rgb.reshape(-1, 3).T
    return [(plane + zero if zero else plane).reshape(rgb.shape[:2]) for plane, zero in zip(planes, zeros, strict=True)]


def brightness_weights(color: ColorDescription) -> tuple[float, float, float]:
    """Return what red, green and blue weigh in the brightness of a clip's pictures: as in its luma, or BT.709's."""
    if color.matrix == 0:
        return _WEIGHTS
    levels = levels_of(color)
    return levels.red, levels.green, levels.blue


def brightness_of_codes(planes: Sequence[F32], layout: PixelLayout, color: ColorDescription) -> F32:
    """Return how bright a picture is: float32 (h, w), 0 to 1 nominal.

    Args:
        planes: float32 (h, w): luma or grey alone, or red, green and blue.
        layout: What the channels are.
        color: What the numbers mean.
    """
    if layout.model == "rgb":
        shares = (np.float32(weight / layout.top) for weight in _WEIGHTS)
        red, green, blue = (plane * share for plane, share in zip(planes, shares, strict=True))
        return np.asarray(red + green + blue, np.float32)
    if layout.model == "gray":
        zero, span = gray_levels(color)
    else:
        levels = levels_of(color)
        zero, span = levels.luma_zero, levels.luma_span
    return np.asarray((planes[0] - np.float32(zero)) * np.float32(1 / span), np.float32)


@lru_cache(maxsize=32)
def _into_codes(layout: PixelLayout, color: ColorDescription) -> tuple[F32, tuple[np.float32, ...]]:
    """Return the matrix from RGB to code values, float32 (channels, 3), and the code value of each channel's zero."""
    if layout.model == "rgb":
        return np.eye(3, dtype=np.float32) * np.float32(layout.top), (np.float32(0),) * 3
    if layout.model == "gray":
        zero, span = gray_levels(color)
        return np.array([_WEIGHTS], np.float32) * np.float32(span), (np.float32(zero),)
    levels = levels_of(color)
    luma = np.array([levels.red, levels.green, levels.blue])
    blue = (np.array([0, 0, 1]) - luma) * (levels.chroma_span / (2 * (1 - levels.blue)))
    red = (np.array([1, 0, 0]) - luma) * (levels.chroma_span / (2 * (1 - levels.red)))
    matrix = np.stack([luma * levels.luma_span, blue, red]).astype(np.float32)
    zeros = levels.luma_zero, levels.chroma_zero, levels.chroma_zero
    return matrix, tuple(np.float32(zero) for zero in zeros)
