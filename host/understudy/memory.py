"""How does memory that was freed go back to the system?"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

__all__ = ["give_back"]


def give_back() -> None:
    """Give the system what was freed and is kept for later, where the C library can be told to (glibc).

    It keeps what each thread has freed apart. Encoders of large frames free a gigabyte, in a thread that ends with
    them, so without this the next one would come on top.
    """
    if trim := _trim():
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], Any] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
