"""What does a TensorFlow Lite file compute, in which order and with which numbers?

The file's layout is TensorFlow's ``schema.fbs``; weights kept as float16 or sparse become dense float32 here, so the
DEQUANTIZE and DENSIFY operators that only unpack them are gone from the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from understudy_sdk.errors import StageError

__all__ = ["Graph", "Operator", "read_graph"]

Array = npt.NDArray[Any]

_IDENTIFIER: Final = b"TFL3"
_UNPACKING: Final = ("DEQUANTIZE", "DENSIFY")
_KINDS: Final = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
_DTYPES: Final[Mapping[int, type[np.generic]]] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """One step of the computation.

    Attributes:
        kind: The operator's name in the schema, such as ``CONV_2D``.
        inputs: Numbers of the tensors it reads; -1 stands for none.
        output: Number of the tensor it writes.
        options: What else it is told, by the schema's names, such as ``strideW``.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """A computation, its operators in an order in which they can run.

    Attributes:
        operators: The steps.
        constants: The tensors that are known beforehand, by number: dense, float32 or int32, in the file's layout.
        shapes: Of all tensors, by number, in the file's layout: batch, row, column, channel.
        inputs: Numbers of the tensors it is given.
        outputs: Numbers of the tensors it answers.
    """

    operators: tuple[Operator, ...]
    constants: Mapping[int, Array]
    shapes: Mapping[int, tuple[int, ...]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(path: Path) -> Graph:
    """Return the graph of a file.

    Raises:
        StageError: When the file is no TensorFlow Lite file of one graph, or keeps weights in a way not known here.
    """
    content = path.read_bytes()
    if content[4:8] != _IDENTIFIER:
        raise StageError(f"{path.name} should be a TensorFlow Lite file, but does not say so; fetch it again")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    if len(model.subgraphs) != 1:
        raise StageError(f"{path.name} should hold one graph, but holds {len(model.subgraphs)}; use `runtime: litert`")
    graph = model.subgraphs[0]
    constants = _constants(path.name, model, graph)
    operators = []
    for step in graph.operators:
        operator = _operator(model, step)
        if operator.kind in _UNPACKING and operator.inputs[0] in constants:
            constants[operator.output] = constants[operator.inputs[0]]
        else:
            operators.append(operator)
    shapes = {number: tuple(int(n) for n in tensor.shape) for number, tensor in enumerate(graph.tensors)}
    return Graph(tuple(operators), constants, shapes, _numbers(graph.inputs), _numbers(graph.outputs))


def _numbers(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _operator(model: Any, step: Any) -> Operator:
    code = model.operatorCodes[step.opcodeIndex]
    kind = _KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]  # the older field ends at 127
    options = vars(step.builtinOptions) if step.builtinOptions is not None else {}
    return Operator(kind, _numbers(step.inputs), int(step.outputs[0]), options)


def _constants(name: str, model: Any, graph: Any) -> dict[int, Array]:
    """Return the tensors whose values the file holds, dense, with float16 widened."""
    constants: dict[int, Array] = {}
    for number, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is None or len(data) == 0:
            continue
        if tensor.type not in _DTYPES:
            raise StageError(
                f"{name}: the numbers of {tensor.name!r} are of a type not known here; use `runtime: litert`"
            )
        values = np.frombuffer(data.tobytes(), _DTYPES[tensor.type])
        shape = _numbers(tensor.shape)
        dense = values.reshape(shape) if tensor.sparsity is None else _densified(name, values, shape, tensor.sparsity)
        constants[number] = dense.astype(np.float32) if dense.dtype == np.float16 else dense
    return constants


def _densified(name: str, values: Array, shape: tuple[int, ...], sparsity: Any) -> Array:
    """Return a tensor of which only the values other than 0 are kept, row by row.

    The schema knows more layouts; this is the one of weights pruned one by one: all axes whole but the last, which has
    for each row where its values begin among all, and for each value its place in the row.
    """
    *whole, last = sparsity.dimMetadata
    is_by_row = (
        list(sparsity.traversalOrder) == list(range(len(shape)))
        and not sparsity.blockMap
        and all(axis.format == schema.DimensionType.DENSE for axis in whole)
        and last.format == schema.DimensionType.SPARSE_CSR
    )
    if not is_by_row:
        raise StageError(f"{name} keeps sparse weights in a layout not known here; use `runtime: litert`")
    starts, places = (np.asarray(part.values, np.int64) for part in (last.arraySegments, last.arrayIndices))
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    dense = np.zeros((len(starts) - 1, shape[-1]), values.dtype)
    dense[rows, places] = values
    return dense.reshape(shape)
