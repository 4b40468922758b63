"""Which pattern is laid into faces, and where does each part of it lie in a frame?

The frame is ruled into small squares, *chips*, as many along its short side whatever its size, so that the pattern
grows and shrinks with the picture. Each chip has a sign, brighter or darker, drawn from a constant that anybody may
know: a mark that only its maker can find would answer nobody's question. Chips are dealt out to 48 slots, a cell of
eight by six holding one of each; a slot carries one sign of the message. So any part of a frame larger than a cell
holds the whole message, and a face that moves says it again at every place it passes.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from .golay import WORD_BITS, codewords

__all__ = [
    "CELL",
    "PAYLOAD_BITS",
    "SCHEME",
    "chips_across",
    "grid_of",
    "message",
    "pattern_of",
    "signs",
    "slots",
]

SCHEME: Final = "org.understudy.chips.1"
"""Names the pattern; another pattern gets another name."""

PAYLOAD_BITS: Final = 2 * WORD_BITS
CELL: Final = (6, 8)
"""Rows and columns of chips in which every slot comes once."""

_SLOTS: Final = CELL[0] * CELL[1]
_MOST: Final = (576, 768)
"""Rows and columns of the largest grid: frames four times as long as high; beyond, the pattern comes again."""

F32 = npt.NDArray[np.float32]
INTP = npt.NDArray[np.intp]
_Item = TypeVar("_Item", bound=np.generic)


def chips_across(width: int, height: int) -> int:
    """Return how many chips lie along the short side of a frame; of small frames fewer, for codecs eat small chips."""
    short = min(width, height)
    return 180 if short >= 640 else 128 if short >= 448 else 90


def grid_of(width: int, height: int, across: int) -> tuple[int, int]:
    """Return the rows and columns of chips of a frame with ``across`` along its short side."""
    side = min(width, height) / across
    return max(round(height / side), 1), max(round(width / side), 1)


def message(payload: int) -> F32:
    """Return the signs of the slots for 24 bits, float32 (48,): two words of the Golay code."""
    low, high = payload & ((1 << WORD_BITS) - 1), payload >> WORD_BITS
    return np.concatenate([codewords()[low], codewords()[high]])


@lru_cache(maxsize=16)
def pattern_of(rows: int, columns: int, payload: int) -> F32:
    """Return a grid's pattern with a message in it, float32 (rows, columns), of 1 and -1."""
    pattern = signs(rows, columns) * message(payload)[slots(rows, columns)]
    pattern.setflags(write=False)
    return pattern


@lru_cache(maxsize=16)
def signs(rows: int, columns: int) -> F32:
    """Return the chips' own signs, float32 (rows, columns)."""
    drawn = hashlib.shake_256(f"{SCHEME} signs".encode()).digest(_MOST[0] * _MOST[1] // 8)
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(_MOST)
    return _cut(1.0 - 2.0 * bits.astype(np.float32), rows, columns)


@lru_cache(maxsize=16)
def slots(rows: int, columns: int) -> INTP:
    """Return which slot each chip belongs to, (rows, columns), 0 to 47; each cell is dealt in its own order."""
    down, along = _MOST[0] // CELL[0], _MOST[1] // CELL[1]
    drawn = hashlib.shake_256(f"{SCHEME} slots".encode()).digest(down * along * _SLOTS * 2)
    order = np.frombuffer(drawn, "<u2").reshape(down, along, _SLOTS).argsort(axis=-1, kind="stable")
    # (down, along, 6, 8) -> (down, 6, along, 8) -> rows and columns of chips
    whole = order.reshape(down, along, *CELL).transpose(0, 2, 1, 3).reshape(_MOST)
    return _cut(whole, rows, columns)


def _cut(whole: npt.NDArray[_Item], rows: int, columns: int) -> npt.NDArray[_Item]:
    return np.take(np.take(whole, range(rows), axis=0, mode="wrap"), range(columns), axis=1, mode="wrap")
