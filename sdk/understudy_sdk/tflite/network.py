"""How is the graph of a TensorFlow Lite file computed in torch?

Four-dimensional tensors are kept as torch has them (batch, channel, row, column), in channels-last memory, which is
the file's own order; all others as the file has them. Semantics are TensorFlow's: its padding, its order of channels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy_sdk.errors import StageError

from .graph import Graph, Operator

__all__ = ["GraphNetwork"]

_CONVOLUTIONS: Final = ("CONV_2D", "DEPTHWISE_CONV_2D")
_NO_ACTIVATION: Final = 0
_RELU: Final = 1
_SAME: Final = 0
"""Of the schema's padding: as many rows and columns of 0 as keep the size, the odd one last; else there are none."""


class GraphNetwork(nn.Module):
    """Computes one graph for any number of pictures at a time.

    Raises:
        StageError: When the graph has an operator, or an option of one, that is not known here.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._graph = graph = _with_padding_in_convolutions(graph)
        self.steps = nn.ModuleList(_step(operator, graph) for operator in graph.operators)
        self._read = [
            [number for number in operator.inputs if number >= 0 and number not in graph.constants]
            for operator in graph.operators
        ]
        self._done = _last_reads(self._read, graph.outputs)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return the graph's outputs, each (B, ...) in the file's layout, for pictures (B, C, H, W)."""
        values = {self._graph.inputs[0]: pictures}
        for step, operator, read, done in zip(self.steps, self._graph.operators, self._read, self._done, strict=True):
            values[operator.output] = step(*(values[number] for number in read))
            for number in done:
                del values[number]
        return tuple(_to_file_layout(values[number]) for number in self._graph.outputs)


def _last_reads(read: list[list[int]], outputs: tuple[int, ...]) -> list[list[int]]:
    """Return for each step the tensors that no later one needs."""
    needed = set(outputs)
    done = []
    for numbers in reversed(read):
        done.append([number for number in dict.fromkeys(numbers) if number not in needed])
        needed.update(numbers)
    return done[::-1]


def _with_padding_in_convolutions(graph: Graph) -> Graph:
    """Return the graph without the PAD operators that only give a convolution the rows and columns it lacks.

    The convolution then has them as its option ``margins``: a copy of the whole tensor less.
    """
    readers = Counter(number for operator in graph.operators for number in operator.inputs)
    pads: dict[int, Operator] = {}
    operators = []
    for operator in graph.operators:
        pad = pads.get(operator.inputs[0])
        if (
            operator.kind == "PAD"
            and readers[operator.output] == 1
            and not graph.constants[operator.inputs[1]][3].any()
        ):
            pads[operator.output] = operator
        elif pad is not None and operator.kind in _CONVOLUTIONS and operator.options["padding"] != _SAME:
            _, rows, columns, _ = graph.constants[pad.inputs[1]].tolist()
            options = {**operator.options, "margins": (*columns, *rows)}
            operators.append(replace(operator, inputs=(pad.inputs[0], *operator.inputs[1:]), options=options))
        else:
            operators += [operator] if pad is None else [pad, operator]
    return replace(graph, operators=tuple(operators))


def _to_file_layout(value: Tensor) -> Tensor:
    return value.permute(0, 2, 3, 1) if value.ndim == 4 else value


class _Convolution(nn.Module):
    """CONV_2D, weights (out, row, column, in), and DEPTHWISE_CONV_2D, weights (1, row, column, out)."""

    def __init__(self, operator: Operator, graph: Graph) -> None:
        super().__init__()
        options = operator.options
        weight = torch.from_numpy(np.array(graph.constants[operator.inputs[1]]))
        is_depthwise = operator.kind == "DEPTHWISE_CONV_2D"
        weight = weight.permute((3, 0, 1, 2) if is_depthwise else (0, 3, 1, 2))  # (out, in of the group, row, column)
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", torch.from_numpy(np.array(graph.constants[operator.inputs[2]])))
        channels = graph.shapes[operator.inputs[0]][-1]
        self._groups = channels if is_depthwise else channels // weight.shape[1]
        self._stride = (options["strideH"], options["strideW"])
        self._dilation = (options["dilationHFactor"], options["dilationWFactor"])
        spans = [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], self._dilation, strict=True)]
        added = _margins(graph.shapes[operator.inputs[0]], spans, self._stride, options["padding"])
        left, right, top, bottom = options.get("margins", added)
        is_even = left == right and top == bottom
        self._padding = (top, left) if is_even else (0, 0)
        self._margins = (0, 0, 0, 0) if is_even else (left, right, top, bottom)
        self._activation = _activation(operator)

    def forward(self, value: Tensor) -> Tensor:
        if any(self._margins):
            value = functional.pad(value, self._margins)
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        value = functional.conv2d(value, weight, bias, self._stride, self._padding, self._dilation, self._groups)
        return self._activation(value)


class _Slopes(nn.Module):
    """PRELU with one slope per channel, kept as (1, 1, C)."""

    def __init__(self, operator: Operator, graph: Graph) -> None:
        super().__init__()
        slopes = graph.constants[operator.inputs[1]]
        if slopes.size != slopes.shape[-1]:
            raise _unknown(operator, f"slopes of shape {slopes.shape}")
        self.register_buffer("slopes", torch.from_numpy(np.array(slopes).reshape(-1)))

    def forward(self, value: Tensor) -> Tensor:
        return functional.prelu(value, self.get_buffer("slopes"))


class _Plain(nn.Module):
    """An operator without weights."""

    def __init__(self, compute: Callable[..., Tensor]) -> None:
        super().__init__()
        self._compute = compute

    def forward(self, *values: Tensor) -> Tensor:
        return self._compute(*values)


def _relu(_operator: Operator, _graph: Graph) -> nn.Module:
    return nn.ReLU()


def _add(operator: Operator, graph: Graph) -> nn.Module:
    if any(number in graph.constants for number in operator.inputs):
        raise _unknown(operator, "a constant to add")
    activation = _activation(operator)
    return _Plain(lambda first, second: activation(first + second))


def _pad(operator: Operator, graph: Graph) -> nn.Module:
    amounts = graph.constants[operator.inputs[1]]  # (4, 2): batch, row, column, channel; before and after
    if len(amounts) != 4 or amounts[0].any():
        raise _unknown(operator, f"amounts {amounts.tolist()}")
    _, rows, columns, channels = amounts.tolist()
    margins = (*columns, *rows, *channels)
    return _Plain(lambda value: functional.pad(value, margins))


def _max_pool(operator: Operator, graph: Graph) -> nn.Module:
    options = operator.options
    window = (options["filterHeight"], options["filterWidth"])
    stride = (options["strideH"], options["strideW"])
    margins = _margins(graph.shapes[operator.inputs[0]], window, stride, options["padding"])
    activation = _activation(operator)

    def compute(value: Tensor) -> Tensor:
        padded = functional.pad(value, margins, value=-math.inf) if any(margins) else value
        return activation(functional.max_pool2d(padded, window, stride))

    return _Plain(compute)


def _resize_bilinear(operator: Operator, graph: Graph) -> nn.Module:
    if operator.options["alignCorners"] or not operator.options["halfPixelCenters"]:
        raise _unknown(operator, "samples that are not at the pixels' middles")
    size = tuple(graph.constants[operator.inputs[1]].tolist())
    return _Plain(lambda value: functional.interpolate(value, size, mode="bilinear", align_corners=False))


def _depth_to_space(operator: Operator, _graph: Graph) -> nn.Module:
    block: int = operator.options["blockSize"]

    def compute(value: Tensor) -> Tensor:
        count, channels, rows, columns = value.shape
        parts = value.reshape(count, block, block, channels // block**2, rows, columns)
        parts = parts.permute(0, 3, 4, 1, 5, 2)  # (B, C, rows, block, columns, block)
        return parts.reshape(count, -1, rows * block, columns * block)

    return _Plain(compute)


def _reshape(operator: Operator, graph: Graph) -> nn.Module:
    before, after = graph.shapes[operator.inputs[0]], graph.shapes[operator.output]
    if before[0] != 1 or after[0] != 1 or len(after) == 4:
        raise _unknown(operator, f"{before} to {after}")
    return _Plain(lambda value: _to_file_layout(value).reshape(-1, *after[1:]))


def _concatenation(operator: Operator, graph: Graph) -> nn.Module:
    axis: int = operator.options["axis"]
    if len(graph.shapes[operator.output]) == 4 or any(number in graph.constants for number in operator.inputs):
        raise _unknown(operator, "four axes or a constant")
    activation = _activation(operator)
    return _Plain(lambda *values: activation(torch.cat(values, axis)))


_STEPS: Final[dict[str, Callable[[Operator, Graph], nn.Module]]] = {
    "ADD": _add,
    "CONCATENATION": _concatenation,
    "CONV_2D": _Convolution,
    "DEPTHWISE_CONV_2D": _Convolution,
    "DEPTH_TO_SPACE": _depth_to_space,
    "MAX_POOL_2D": _max_pool,
    "PAD": _pad,
    "PRELU": _Slopes,
    "RELU": _relu,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize_bilinear,
}


def _step(operator: Operator, graph: Graph) -> nn.Module:
    if operator.kind not in _STEPS:
        raise _unknown(operator, "it")
    return _STEPS[operator.kind](operator, graph)


def _unknown(operator: Operator, what: str) -> StageError:
    return StageError(
        f"the network has the operator {operator.kind}, and {what} is not known here; use `runtime: litert`"
    )


def _activation(operator: Operator) -> Callable[[Tensor], Tensor]:
    code: Any = operator.options["fusedActivationFunction"]
    if code == _NO_ACTIVATION:
        return lambda value: value
    if code == _RELU:
        return torch.relu_  # what it is given was made for it
    raise _unknown(operator, f"its activation {code}")


def _margins(
    shape: tuple[int, ...], window: tuple[int, ...] | list[int], stride: tuple[int, int], padding: int
) -> tuple[int, int, int, int]:
    """Return the columns before and after and the rows before and after that TensorFlow pads."""
    if padding != _SAME:
        return 0, 0, 0, 0
    lacking = [
        max(0, (math.ceil(size / step) - 1) * step + span - size)
        for size, span, step in zip(shape[1:3], window, stride, strict=True)
    ]
    (top, bottom), (left, right) = ((total // 2, total - total // 2) for total in lacking)
    return left, right, top, bottom
