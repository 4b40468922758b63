"""How are plain values written as a pickle that DeepFaceLab's old Python and NumPy can read?

Python's own pickler would name NumPy 2's modules, which NumPy 1 does not have. The few instructions that plain values
need are written here instead, in protocol 3, so that every Python 3 reads them, or in protocol 4, which arrays of more
than 4 GB need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["dump_plain", "plain_pieces"]

_DTYPES: Final = {"uint8": ("u1", "|"), "int64": ("i8", "<"), "float32": ("f4", "<"), "float64": ("f8", "<")}
"""Each dtype's name in a pickle, and the byte order it is written in."""

_LONG: Final = 1 << 32  # bytes from which on the length takes eight bytes, which protocol 4 has


def dump_plain(value: object) -> bytes:
    """Return a value as a pickle of protocol 3.

    Args:
        value: None, bool, int of 32 bits, float, str, bytes, list, tuple, dict, or an array of uint8, int64, float32 or
            float64; and these within each other.

    Raises:
        TypeError: For anything else; it is never written as something other than it is.
    """
    return b"\x80\x03" + b"".join(_written(value)) + b"."


def plain_pieces(value: object) -> Iterator[bytes]:
    """Yield a value as a pickle of protocol 4, piece by piece, so that large ones need not be in memory twice.

    Raises:
        TypeError: Like ``dump_plain``.
    """
    yield b"\x80\x04"
    yield from _written(value)
    yield b"."


def _written(value: object) -> Iterator[bytes]:  # noqa: C901, PLR0912 # one line per type reads best
    match value:
        case None:
            yield b"N"
        case bool():
            yield b"\x88" if value else b"\x89"
        case int():
            yield b"J" + struct.pack("<i", value)
        case float():
            yield b"G" + struct.pack(">d", value)
        case str():
            yield _counted(b"X", value.encode("utf-8"))
        case bytes() if len(value) >= _LONG:
            yield b"\x8e" + struct.pack("<Q", len(value))
            yield value
        case bytes():
            yield _counted(b"B", value)
        case list():
            yield from (b"](", *_all(value), b"e")
        case tuple():
            yield from (b"(", *_all(value), b"t")
        case dict():
            yield b"}("
            yield from _all(part for pair in value.items() for part in pair)
            yield b"u"
        case np.ndarray():
            yield from _array(value)
        case _:
            raise TypeError(f"a {type(value).__name__} is not written for DeepFaceLab")


def _all(values: Iterable[object]) -> Iterator[bytes]:
    for value in values:
        yield from _written(value)


def _counted(code: bytes, content: bytes) -> bytes:
    return code + struct.pack("<I", len(content)) + content


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _array(array: npt.NDArray[Any]) -> Iterator[bytes]:
    """Yield an array as NumPy 1 writes one: an empty one, then its version, shape, dtype, order and bytes."""
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"an array of {array.dtype} is not written for DeepFaceLab")
    name, order = _DTYPES[array.dtype.name]
    yield _global("numpy.core.multiarray", "_reconstruct")
    yield b"(" + _global("numpy", "ndarray")
    yield from (*_written((0,)), *_written(b"b"), b"tR")
    yield from (b"(", *_written(1), *_written(array.shape), _global("numpy", "dtype"))
    yield from (*_written((name, False, True)), b"R", *_written((3, order, None, None, None, -1, -1, 0)), b"b")
    yield from _written(False)
    yield from _written(array.astype(f"<{name}").tobytes())
    yield b"tb"
