"""How do a layer's colours become the numbers of ProRes 4444: 10 bits, limited range, chroma in full?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.video import ClipInfo
from understudy.video.color import ColorTags, code_steps, gray_levels, levels_of
from understudy.video.planes import PixelLayout
from understudy_sdk import ColorDescription

from . import eight_bits
from .colours import Colours, colours_of
from .eight_bits import alpha_numbers, colour_numbers, is_for_eight_bits
from .patch import Patch

__all__ = [
    "EMPTY",
    "FACE_FORMAT",
    "MASK_FORMAT",
    "mask_numbers",
    "movie_colours",
    "movie_info",
    "movie_numbers",
]

F32 = npt.NDArray[np.float32]
U16 = npt.NDArray[np.uint16]

ALPHA_TOP: Final = 1023
EMPTY: Final = (64, 512, 512, 0)
"""Luma, chroma and alpha of what nothing covers: black, and transparent."""

FACE_FORMAT: Final = "yuva444p10le"
MASK_FORMAT: Final = "yuv444p10le"

_LEAST, _MOST = 4, 1019
_LUMA_ZERO, _LUMA_SPAN = 64.0, 876.0
_CHROMA_ZERO, _CHROMA_SPAN = 512.0, 896.0
_BT709: Final = 1


def _limits_in(color: ColorDescription) -> tuple[float, float]:
    """Return the clip's least and greatest number that ProRes holds."""
    if color.is_full_range or color.matrix == 0:
        return 0.0, float((1 << color.bit_depth) - 1)
    scale = 2.0 ** (color.bit_depth - 10)
    return _LEAST * scale, _MOST * scale


def movie_info(info: ClipInfo, pixel_format: str) -> ClipInfo:
    """Return the facts of a layer: all are the clip's, but ProRes has limited range, and RGB goes as BT.709."""
    tags = info.tags
    is_rgb = info.color.matrix == 0
    color = ColorDescription(
        _BT709 if is_rgb else info.color.matrix, info.color.primaries, info.color.transfer, False, 10
    )
    told = ColorTags(_BT709 if is_rgb else tags.matrix, tags.primaries, tags.transfer, 1)
    return replace(info, pixel_format=pixel_format, color=color, tags=told, hdr=None)


def movie_colours(patch: Patch, layout: PixelLayout, color: ColorDescription, *, is_premultiplied: bool) -> Colours:
    """Return the colours that a patch needs in a movie, and alpha in the steps that who lays it over the clip reads."""
    if is_for_eight_bits(color, is_premultiplied=is_premultiplied):
        return colours_of(patch, layout, eight_bits.ALPHA_TOP, _limits_in(color), is_mean_whole=True)
    return colours_of(patch, layout, ALPHA_TOP, _limits_in(color))


def movie_numbers(colours: Colours, color: ColorDescription, *, is_premultiplied: bool) -> tuple[U16, U16, U16, U16]:
    """Return luma, blue and red difference, and alpha of a part of a frame, uint16 (h, w) each."""
    alpha = colours.alpha
    is_eight = is_for_eight_bits(color, is_premultiplied=is_premultiplied)
    found = []
    for plane, empty in zip(_limited(colours.planes, color), EMPTY, strict=False):
        shown = plane if not is_premultiplied else empty + (plane - empty) * alpha
        if is_eight:
            shown = colour_numbers(shown)
        found.append(np.clip(np.rint(np.where(alpha > 0, shown, empty)), _LEAST, _MOST).astype(np.uint16))
    alphas = alpha_numbers(alpha) if is_eight else np.rint(alpha * ALPHA_TOP)
    return found[0], found[1], found[2], alphas.astype(np.uint16)


def mask_numbers(alpha: U16) -> tuple[U16, U16, U16]:
    """Return a layer's alpha as greys: black where it keeps the clip, white where the face covers it."""
    luma = np.rint(_LUMA_ZERO + _LUMA_SPAN / ALPHA_TOP * alpha).astype(np.uint16)
    return luma, np.full_like(luma, EMPTY[1]), np.full_like(luma, EMPTY[2])


def _limited(planes: tuple[F32, ...], color: ColorDescription) -> tuple[F32, F32, F32]:
    if len(planes) == 1:
        zero, span = gray_levels(color)
        luma = _LUMA_ZERO + (planes[0] - zero) * np.float32(_LUMA_SPAN / span)
        neutral = np.full_like(luma, _CHROMA_ZERO)
        return luma, neutral, neutral
    if color.matrix == 0:
        rgb = [plane / np.float32((1 << color.bit_depth) - 1) for plane in planes]
        luma, blue, red = code_steps(rgb, ColorDescription(_BT709, bit_depth=10))
        return luma + _LUMA_ZERO, blue + _CHROMA_ZERO, red + _CHROMA_ZERO
    levels = levels_of(color)
    luma = _LUMA_ZERO + (planes[0] - levels.luma_zero) * np.float32(_LUMA_SPAN / levels.luma_span)
    gain = np.float32(_CHROMA_SPAN / levels.chroma_span)
    blue, red = (_CHROMA_ZERO + (plane - levels.chroma_zero) * gain for plane in planes[1:])
    return luma, blue, red
