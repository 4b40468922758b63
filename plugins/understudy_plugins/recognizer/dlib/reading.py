"""How are the weights of a dlib network file read?

A dlib file names its layers from the input to the output. After a layer's name stands, for the kinds that learn, a
tensor: its version (2) and four lengths, as integers of one byte that counts bytes and as many bytes, low byte first;
then the values as float32, low byte first. What else the file says (strides, learning rates, empty gradients) is fixed
by the network, and passed over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from understudy_sdk import StageError
from understudy_sdk.types import F32

__all__ = ["read_parameters"]

_INTEGERS_BEFORE: Final = {"con_4": 0, "affine_": 0, "fc_2": 2}
"""Integers between a layer's name and its tensor: a full layer says first how many numbers go out and come in."""

_TENSOR_VERSION: Final = 2
_FARTHEST: Final = 4096  # bytes from one layer's values to the next layer's name, at most


def read_parameters(content: bytes, layers: Sequence[str]) -> list[F32]:
    """Return the values of the layers that learn, each float32 (P,), in the order of ``layers``.

    Args:
        content: The whole file.
        layers: The names expected: ``con_4``, ``affine_`` or ``fc_2``, from the input to the output.

    Raises:
        StageError: When the file is of another network, cut short or no dlib file.
    """
    found, place = list[F32](), 0
    for number, layer in enumerate(layers, start=1):
        name = b"\x01" + bytes([len(layer)]) + layer.encode()
        at = content.find(name, place, place + _FARTHEST)
        if at < 0:
            raise StageError(f"the weight file has no layer {number} called {layer!r}\n  fetch the file again")
        place = at + len(name)
        for _ in range(_INTEGERS_BEFORE[layer]):
            _, place = _integer(content, place)
        values, place = _tensor(content, place)
        found.append(values)
    return found


def _tensor(content: bytes, place: int) -> tuple[F32, int]:
    version, place = _integer(content, place)
    if version != _TENSOR_VERSION:
        raise StageError(f"the weight file has a tensor of version {version}, not 2\n  fetch the file again")
    lengths = []
    for _ in range(4):
        length, place = _integer(content, place)
        lengths.append(length)
    stop = place + 4 * math.prod(lengths)
    if stop > len(content):
        raise StageError("the weight file is cut short\n  fetch the file again")
    return np.frombuffer(content[place:stop], "<f4").astype(np.float32), stop


def _integer(content: bytes, place: int) -> tuple[int, int]:
    count = content[place] if place < len(content) else 0
    if not 1 <= count <= 8:  # a set high bit marks negative numbers, of which there are none here
        raise StageError(f"the weight file has no number at byte {place}\n  fetch the file again")
    return int.from_bytes(content[place + 1 : place + 1 + count], "little"), place + 1 + count
