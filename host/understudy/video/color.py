"""What do a clip's numbers mean, and how do they become RGB and back?

Formulas: ITU-T H.273 (code points, equations 28 to 43 for levels), ITU-R BT.601, BT.709, BT.2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.errors import MediaError
from understudy_sdk import ColorDescription

__all__ = [
    "ColorTags",
    "Levels",
    "code_steps",
    "describe_color",
    "gray_levels",
    "levels_of",
    "swscale_matrix",
    "to_rgb",
]

F32 = npt.NDArray[np.float32]

# Weights of red and blue in luma, by code point of the matrix.
_RED_BLUE = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
_UNSTATED = frozenset({0, 2, 3})  # 0 means RGB: on a YCbCr format it is a mistake, and as good as nothing
_REFUSED = {8: "YCgCo", 10: "BT.2020 constant luminance", 11: "YDzDx", 12: "derived", 13: "derived", 14: "ICtCp"}
_FULL, _LIMITED = 2, 1  # code points of the range in FFmpeg


@dataclass(frozen=True, slots=True)
class ColorTags:
    """A clip's colour tags as they stand in the file, so that the result can carry the same (2 and 0: unstated)."""

    matrix: int = 2
    primaries: int = 2
    transfer: int = 2
    range: int = 0


@dataclass(frozen=True, slots=True)
class Levels:
    """The weights of red and blue in luma, and where the numbers of luma and chroma begin and how far they reach."""

    red: float
    blue: float
    luma_zero: float
    luma_span: float
    chroma_zero: float
    chroma_span: float

    @property
    def green(self) -> float:
        """The weight of green."""
        return 1.0 - self.red - self.blue


def describe_color(
    path: Path, tags: ColorTags, pixel_format: str, bit_depth: int, *, is_hd: bool
) -> tuple[ColorDescription, bool]:
    """Complete a clip's tags; the second value tells whether the matrix had to be assumed.

    Without a matrix, HD is taken for BT.709 and smaller pictures for BT.601. Without a range, the clip is limited,
    unless its format says otherwise (``yuvj``, RGB, grey).

    Raises:
        MediaError: If the matrix is one that cannot be undone per pixel.
    """
    if pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr")):
        return ColorDescription(0, _stated(tags.primaries, 1), _stated(tags.transfer, 13), True, bit_depth), False
    if tags.matrix in _REFUSED:
        raise MediaError(
            path,
            f"its colours are coded as {_REFUSED[tags.matrix]} (matrix {tags.matrix}), which is not supported",
            "convert it to BT.709 or BT.2020 (non-constant luminance) first",
        )
    is_assumed = tags.matrix in _UNSTATED or tags.matrix not in _RED_BLUE
    matrix = (1 if is_hd else 6) if is_assumed else tags.matrix
    primaries = _stated(tags.primaries, {1: 1, 9: 9}.get(matrix, 6))
    transfer = _stated(tags.transfer, {1: 1, 9: 14}.get(matrix, 6))
    is_full = pixel_format.startswith("yuvj") or tags.range == _FULL
    if pixel_format.startswith(("gray", "ya")) and tags.range != _LIMITED:
        is_full = True  # stills and scans; a video codec that means limited range says so
    return ColorDescription(matrix, primaries, transfer, is_full, bit_depth), is_assumed


def swscale_matrix(color: ColorDescription) -> int:
    """Name the matrix as FFmpeg's scaler does, which knows BT.601 by one number only."""
    return 5 if color.matrix == 6 else color.matrix


def to_rgb(codes: Sequence[F32], color: ColorDescription) -> F32:
    """Turn code values into RGB of the same transfer.

    Args:
        codes: Luma, blue difference and red difference, float32 (h, w) each; overwritten.
        color: What they mean.

    Returns:
        float32 (h, w, 3), 0 to 1 nominal.
    """
    luma, blue_difference, red_difference = codes
    levels = levels_of(color)
    rgb = np.empty((*luma.shape, 3), np.float32)
    luma -= levels.luma_zero
    luma *= 1.0 / levels.luma_span
    blue_difference -= levels.chroma_zero
    red_difference -= levels.chroma_zero
    red_gain = 2.0 * (1.0 - levels.red) / levels.chroma_span
    blue_gain = 2.0 * (1.0 - levels.blue) / levels.chroma_span
    red_difference *= red_gain
    blue_difference *= blue_gain
    np.add(luma, red_difference, out=rgb[..., 0])
    np.add(luma, blue_difference, out=rgb[..., 2])
    # What is left of luma is green: Y = r R + g G + b B.
    red_difference *= levels.red / levels.green
    blue_difference *= levels.blue / levels.green
    luma -= red_difference
    np.subtract(luma, blue_difference, out=rgb[..., 1])
    return rgb


def code_steps(rgb_steps: Sequence[F32], color: ColorDescription) -> tuple[F32, F32, F32]:
    """Turn changes of red, green and blue into changes of luma, blue and red difference; float32 (h, w) each."""
    red, green, blue = rgb_steps
    levels = levels_of(color)
    luma = np.float32(levels.red) * red
    luma += np.float32(levels.green) * green
    luma += np.float32(levels.blue) * blue
    blue_difference = blue - luma
    blue_difference *= levels.chroma_span / (2.0 * (1.0 - levels.blue))
    red_difference = red - luma
    red_difference *= levels.chroma_span / (2.0 * (1.0 - levels.red))
    luma *= levels.luma_span
    return luma, blue_difference, red_difference


def gray_levels(color: ColorDescription) -> tuple[float, float]:
    """Return the number of black in a grey picture, and how far white lies above it."""
    if color.is_full_range:
        return 0.0, float((1 << color.bit_depth) - 1)
    return float(16 << color.bit_depth - 8), float(219 << color.bit_depth - 8)


@lru_cache(maxsize=32)
def levels_of(color: ColorDescription) -> Levels:
    """Return what a clip's luma and chroma numbers mean; a clip of RGB or of greys has none."""
    red, blue = _RED_BLUE[color.matrix]
    scale = float(1 << (color.bit_depth - 8))
    if color.is_full_range:
        top = float((1 << color.bit_depth) - 1)
        return Levels(red, blue, 0.0, top, 128.0 * scale, top)
    return Levels(red, blue, 16.0 * scale, 219.0 * scale, 128.0 * scale, 224.0 * scale)


def _stated(tag: int, otherwise: int) -> int:
    return otherwise if tag in {0, 2, 3} else tag
