"""Which numbers do a frame's stored samples stand for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy_sdk import ColorDescription
from understudy_sdk.types import F32

from .color import gray_levels, to_rgb
from .light import shown_light
from .planes import PixelLayout

__all__ = ["codes_of", "rgb_of_codes"]


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
