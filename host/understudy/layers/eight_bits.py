"""Which numbers of 10 bits does a compositor of 8 bits read as they were meant?

It rounds luma, chroma and alpha of the layer to 8 bits each before it lays them over the clip. So the layer of a clip
of 8 bits has no finer steps than that, and lies where rounding finds them again: a colour at or beside four times its
number of 8 bits, which leaves room for what ProRes itself is off by. A compositor that reads 10 bits gets the same
within a small part of a code value.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import ColorDescription

__all__ = ["ALPHA_TOP", "alpha_numbers", "colour_numbers", "is_for_eight_bits"]

F32 = npt.NDArray[np.float32]

ALPHA_TOP: Final = 255
_BITS: Final = 8
_STEP: Final = 4
_OPAQUE: Final = 1023
_ONE_MORE_FROM: Final = 43
"""From here on 1023 / 255 of a number lie nearer to 4 times it and one; two more would be rounded to the next."""


def is_for_eight_bits(color: ColorDescription, *, is_premultiplied: bool) -> bool:
    """Return whether a clip's layer can be read in 8 bits: 4 numbers of it are one of the clip's, and not scaled."""
    is_grown = not color.is_full_range and color.matrix != 0
    return color.bit_depth == _BITS and is_grown and not is_premultiplied


def alpha_numbers(alpha: F32) -> F32:
    """Return numbers of 10 bits for alpha in steps of 1 / 255; what is opaque stays so."""
    steps = np.rint(alpha * np.float32(ALPHA_TOP))
    return np.asarray(np.where(steps < ALPHA_TOP, steps * _STEP + (steps >= _ONE_MORE_FROM), _OPAQUE), np.float32)


def colour_numbers(plane: F32) -> F32:
    """Move numbers of 10 bits to the middle of the 8 bits that they are rounded to, but for one."""
    middle = np.rint(plane / np.float32(_STEP)) * np.float32(_STEP)
    return np.asarray(middle + np.clip(np.rint(plane) - middle, -1, 1), np.float32)
