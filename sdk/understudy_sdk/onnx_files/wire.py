"""How do protobuf messages lie in a file? Fields read one by one, and written.

The encoding is that of https://protobuf.dev/programming-guides/encoding: a key (field number and wire type), then a
varint, eight or four bytes, or a length and as many bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["fields", "message_field", "number_field"]

_VARINT: Final = 0
_BYTES: Final = 2
_FIXED_LENGTHS: Final = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number and value: an int, or the bytes of a text, message, packed list or fixed number.

    Raises:
        ValueError: The bytes are no protobuf message, or are cut short.
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field has the number 0")
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == _BYTES:
            length, place = _varint(message, place)
        elif kind in _FIXED_LENGTHS:
            length = _FIXED_LENGTHS[kind]
        else:
            raise ValueError(f"a field has the unknown wire type {kind}")
        if place + length > len(message):
            raise ValueError("a field reaches over the end; the file may be cut short")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a varint and the place behind it."""
    value = 0
    for offset, byte in enumerate(message[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * offset)
        if byte < 0x80:
            return value, place + offset + 1
    raise ValueError("a number does not end; the file may be cut short")


def number_field(number: int, value: int) -> bytes:
    """Return a field that holds a whole number, from 0 on."""
    return _written(number << 3 | _VARINT) + _written(value)


def message_field(number: int, content: bytes | str) -> bytes:
    """Return a field that holds a message, bytes or a text."""
    content = content.encode() if isinstance(content, str) else content
    return _written(number << 3 | _BYTES) + _written(len(content)) + content


def _written(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
