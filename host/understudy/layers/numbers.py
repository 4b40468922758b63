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
from .patch import ROUNDED_FROM, Patch, mean_of_cells, repeated
from .prores import ALPHA_TOP, EMPTY, LEAST, MOST
from .rehearsal import rehearsed

__all__ = [
    "mask_numbers",
    "movie_info",
    "movie_numbers",
]

F32 = npt.NDArray[np.float32]
U16 = npt.NDArray[np.uint16]
Numbers = tuple[U16, U16, U16, U16]

_LUMA_ZERO, _LUMA_SPAN = 64.0, 876.0
_CHROMA_ZERO, _CHROMA_SPAN = 512.0, 896.0
_BT709: Final = 1

_REHEARSED_BITS: Final = 10
"""ProRes comes within one number of 10 bits by being tried; of 8 bits it is within one by itself, of 12 never."""
_ROOM: Final = 1.3
"""Less than the 1.5 from where rounding would make 2 of it; the rest is left to how exactly alpha is read."""
_ROOM_OF_FRACTIONS: Final = 0.85
"""Where a step leads to a fraction, the clip's own sample is up to half away from that."""


def _limits_in(color: ColorDescription) -> tuple[float, float]:
    """Return the clip's least and greatest number that ProRes holds."""
    if color.is_full_range or color.matrix == 0:
        return 0.0, float((1 << color.bit_depth) - 1)
    scale = 2.0 ** (color.bit_depth - 10)
    return LEAST * scale, MOST * scale


def movie_info(info: ClipInfo, pixel_format: str) -> ClipInfo:
    """Return the facts of a layer: all are the clip's, but ProRes has limited range, and RGB goes as BT.709."""
    tags = info.tags
    is_rgb = info.color.matrix == 0
    color = ColorDescription(
        _BT709 if is_rgb else info.color.matrix, info.color.primaries, info.color.transfer, False, 10
    )
    told = ColorTags(_BT709 if is_rgb else tags.matrix, tags.primaries, tags.transfer, 1)
    return replace(info, pixel_format=pixel_format, color=color, tags=told, hdr=None)


def movie_numbers(patch: Patch, layout: PixelLayout, info: ClipInfo, *, is_premultiplied: bool) -> Numbers:
    """Return luma, blue and red difference, and alpha of a part of a frame, uint16 (h, w) each."""
    color = info.color
    if is_for_eight_bits(color, is_premultiplied=is_premultiplied):
        colours = colours_of(patch, layout, eight_bits.ALPHA_TOP, _limits_in(color), is_mean_whole=True)
        luma, blue, red = (_whole(colour_numbers(plane)) for plane in _shown(colours, color, is_premultiplied=False))
        return luma, blue, red, _whole(alpha_numbers(colours.alpha))
    is_rehearsed = color.bit_depth == _REHEARSED_BITS and color.matrix != 0
    if is_rehearsed and is_premultiplied:  # alpha does not make its faults smaller at the edge
        patch = patch.rounded()
    colours = colours_of(patch, layout, ALPHA_TOP, _limits_in(color))
    shown = _shown(colours, color, is_premultiplied=is_premultiplied)
    if is_rehearsed:
        rooms = _rooms(colours, patch, layout, color, is_premultiplied=is_premultiplied)
        luma, blue, red = rehearsed(shown, rooms, patch.box, info.stored_size)
    else:
        luma, blue, red = (_whole(plane) for plane in shown)
    return luma, blue, red, _whole(colours.alpha * ALPHA_TOP)


def mask_numbers(alpha: U16) -> tuple[U16, U16, U16]:
    """Return a layer's alpha as greys: black where it keeps the clip, white where the face covers it."""
    luma = np.rint(_LUMA_ZERO + _LUMA_SPAN / ALPHA_TOP * alpha).astype(np.uint16)
    return luma, np.full_like(luma, EMPTY[1]), np.full_like(luma, EMPTY[2])


def _shown(colours: Colours, color: ColorDescription, *, is_premultiplied: bool) -> tuple[F32, F32, F32]:
    """Return the three planes as the file is to hold them; empty where nothing is covered."""
    alpha, found = colours.alpha, []
    for plane, empty in zip(_limited(colours.planes, color), EMPTY, strict=False):
        shown = plane if not is_premultiplied else empty + (plane - empty) * alpha
        found.append(np.clip(np.where(alpha > 0, shown, np.float32(empty)), LEAST, MOST))
    return found[0], found[1], found[2]


def _rooms(
    colours: Colours, patch: Patch, layout: PixelLayout, color: ColorDescription, *, is_premultiplied: bool
) -> tuple[F32, F32, F32]:
    """Return how far each number may be off, so that the clip's sample under it is off by one at most."""
    scale = _LUMA_SPAN / (1023 if color.is_full_range else _LUMA_SPAN)
    found = []
    for part in patch.planes:
        share = colours.alpha
        if part.step.shape != share.shape:
            share = repeated(mean_of_cells(share, layout), layout, share.shape)
        is_whole = is_premultiplied | (share >= ROUNDED_FROM)
        room = np.where(is_whole, _ROOM, _ROOM_OF_FRACTIONS).astype(np.float32) * np.float32(scale)
        weight = np.ones_like(share) if is_premultiplied else share
        found.append(np.divide(room, weight, out=np.full_like(share, np.inf), where=share > 0))
    return found[0], found[-1], found[-1]


def _whole(values: F32) -> U16:
    return np.asarray(np.rint(values), np.uint16)


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
