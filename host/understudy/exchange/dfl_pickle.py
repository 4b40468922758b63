"""How are plain values written as a pickle that DeepFaceLab's old Python and NumPy can read?

Python's own pickler would name NumPy 2's modules, which NumPy 1 does not have. The few instructions that plain values
need are written here instead, in protocol 3, so that every Python 3 reads them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["dump_plain"]

_DTYPES: Final = {"uint8": ("u1", "|"), "int64": ("i8", "<"), "float32": ("f4", "<"), "float64": ("f8", "<")}
"""Each dtype's name in a pickle, and the byte order it is written in."""


def dump_plain(value: object) -> bytes:
    """Return a value as a pickle of protocol 3.

    Args:
        value: None, bool, int of 32 bits, float, str, bytes, list, tuple, dict, or an array of uint8, int64, float32 or
            float64; and these within each other.

    Raises:
        TypeError: For anything else; it is never written as something other than it is.
    """
    return b"\x80\x03" + _written(value) + b"."


def _written(value: object) -> bytes:  # noqa: C901, PLR0911 # one line per type reads best
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"J" + struct.pack("<i", value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return _counted(b"X", value.encode("utf-8"))
        case bytes():
            return _counted(b"B", value)
        case list():
            return b"](" + _all(value) + b"e"
        case tuple():
            return b"(" + _all(value) + b"t"
        case dict():
            return b"}(" + _all(part for pair in value.items() for part in pair) + b"u"
        case np.ndarray():
            return _array(value)
    raise TypeError(f"a {type(value).__name__} is not written for DeepFaceLab")


def _all(values: Iterable[object]) -> bytes:
    return b"".join(map(_written, values))


def _counted(code: bytes, content: bytes) -> bytes:
    return code + struct.pack("<I", len(content)) + content


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _array(array: npt.NDArray[Any]) -> bytes:
    """Return an array as NumPy 1 writes one: an empty one, then its version, shape, dtype, order and bytes."""
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"an array of {array.dtype} is not written for DeepFaceLab")
    name, order = _DTYPES[array.dtype.name]
    empty = _global("numpy.core.multiarray", "_reconstruct")
    empty += b"(" + _global("numpy", "ndarray") + _written((0,)) + _written(b"b") + b"tR"
    dtype = _global("numpy", "dtype") + _written((name, False, True)) + b"R"
    dtype += _written((3, order, None, None, None, -1, -1, 0)) + b"b"
    content = array.astype(f"<{name}")
    state = b"(" + _written(1) + _written(array.shape) + dtype + _written(False) + _written(content.tobytes()) + b"t"
    return empty + state + b"b"
