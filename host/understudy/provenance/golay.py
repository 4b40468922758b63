"""Which 24 signs stand for 12 bits, so that they are still told apart when a third of them is lost?

The extended binary Golay code (24, 12): any two of its words differ in eight places or more. Source: M. J. E. Golay,
"Notes on digital coding", Proc. IRE 37 (1949).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["WORD_BITS", "WORD_SIGNS", "codewords"]

WORD_BITS: Final = 12
WORD_SIGNS: Final = 24

_GENERATOR: Final = 0b110001110101
"""The cyclic code's polynomial, x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1."""

F32 = npt.NDArray[np.float32]


@lru_cache(maxsize=1)
def codewords() -> F32:
    """Return the word of each 12-bit number, float32 (4096, 24), of 1 and -1."""
    words = [_word(number) for number in range(1 << WORD_BITS)]
    bits = (np.array(words, np.uint32)[:, None] >> np.arange(WORD_SIGNS, dtype=np.uint32)) & 1
    return 1.0 - 2.0 * bits.astype(np.float32)


def _word(number: int) -> int:
    """Return a number, the remainder that makes it a multiple of the generator, and a bit that makes it even."""
    rest = number << 11
    for place in reversed(range(11, 23)):
        if rest >> place & 1:
            rest ^= _GENERATOR << (place - 11)
    word = number << 11 | rest
    return word << 1 | word.bit_count() & 1
