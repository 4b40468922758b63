"""What is in an ONNX file? Its parts as far as safety needs them, and small files written by hand.

Field numbers are those of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from .wire import fields, message_field, number_field

__all__ = ["Value", "external_tensor", "is_model", "node", "value", "written"]

_IR_VERSION, _GRAPH, _OPSET = 1, 7, 8
_TENSOR_NAME, _EXTERNAL_DATA, _DATA_LOCATION = 8, 13, 14
_FLOAT: Final = 1

_PARTS: Final[Mapping[str, Mapping[int, str]]] = {
    "model": {_GRAPH: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Which field of which message holds what; all ways that lead to a tensor."""


class Value(Protocol):
    """An input or output, as onnxruntime describes it; a side of any length is a text or None."""

    @property
    def name(self) -> str:
        """What the file calls it."""
        ...

    @property
    def type(self) -> str:
        """Such as ``tensor(float)``."""
        ...

    @property
    def shape(self) -> Sequence[int | str | None]:
        """Its sides."""
        ...


def is_model(content: bytes) -> bool:
    """Say whether bytes are an ONNX model: a protobuf message with a format version, operators and a graph."""
    try:
        found = {number: type(one) for number, one in fields(memoryview(content))}
    except ValueError:
        return False
    return found.get(_IR_VERSION) is int and found.get(_GRAPH) is memoryview and found.get(_OPSET) is memoryview


def external_tensor(content: bytes) -> str | None:
    """Return the name of a tensor whose numbers lie in another file; None where there is none.

    Raises:
        ValueError: Some part is no protobuf message.
    """
    for tensor in _tensors(content):
        name, is_external = "", False
        for number, one in fields(tensor):
            if number == _TENSOR_NAME and isinstance(one, memoryview):
                name = bytes(one).decode(errors="replace")
            is_external |= number == _EXTERNAL_DATA or (number == _DATA_LOCATION and one != 0)
        if is_external:
            return name or "without a name"
    return None


def _tensors(content: bytes) -> Iterator[memoryview]:
    left = [("model", memoryview(content))]  # no recursion: a stranger's file says how deep it goes
    while left:
        kind, message = left.pop()
        if kind == "tensor":
            yield message
            continue
        parts = _PARTS[kind]
        for number, one in fields(message):
            if number in parts and isinstance(one, memoryview):
                left.append((parts[number], one))


def written(
    nodes: Sequence[bytes],
    weights: Mapping[str, npt.NDArray[np.float32]],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """Return an ONNX file of opset 12 of these nodes and float32 tensors, by name; see ``node`` and ``value``."""
    graph = b"".join([
        *(message_field(1, one) for one in nodes),
        message_field(2, "graph"),
        *(message_field(5, _tensor(name, numbers)) for name, numbers in weights.items()),
        *(message_field(11, one) for one in inputs),
        *(message_field(12, one) for one in outputs),
    ])  # fmt: skip
    return number_field(_IR_VERSION, 7) + message_field(_GRAPH, graph) + message_field(_OPSET, number_field(2, 12))


def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    """Return a node with one output and no attributes."""
    return b"".join(message_field(1, name) for name in inputs) + message_field(2, output) + message_field(4, operator)


def value(name: str, shape: Sequence[int | str]) -> bytes:
    """Return the description of a float32 input or output; a text names a side of any length."""
    sides = (number_field(1, side) if isinstance(side, int) else message_field(2, side) for side in shape)
    kind = number_field(1, _FLOAT) + message_field(2, b"".join(message_field(1, side) for side in sides))
    return message_field(1, name) + message_field(2, message_field(1, kind))


def _tensor(name: str, numbers: npt.NDArray[np.float32]) -> bytes:
    sides = b"".join(number_field(1, side) for side in numbers.shape)
    content = np.ascontiguousarray(numbers, "<f4").tobytes()
    return sides + number_field(2, _FLOAT) + message_field(_TENSOR_NAME, name) + message_field(9, content)
