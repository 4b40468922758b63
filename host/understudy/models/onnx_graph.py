"""How is an exported ONNX graph made ready for those who play it: sizes stated, weights plain, half as large?

Works on what the ``onnx`` package, which is an extra, has read; nothing here imports torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime 1.29 and later report their use to their makers otherwise

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

__all__ = ["halve", "plain_weights", "run_graph", "state_sizes", "write_metadata"]

_WEIGHTED: Final = frozenset({"Conv", "ConvTranspose"})
_ERRORS_ALONE: Final = 3  # severity from which onnxruntime writes to standard error


def run_graph(content: bytes, inputs: Mapping[str, npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Return what an ONNX file's outputs are on the CPU, in its order."""
    onnxruntime.disable_telemetry_events()  # older builds for Windows do not look at the environment
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    answers: list[npt.NDArray[np.float32]] = session.run(None, dict(inputs))
    return answers


def state_sizes(model: Any, outputs: Sequence[tuple[str, int]], size: int) -> None:
    """Write into a file that its outputs are (batch, size, size, channels), which its exporter may not know.

    Args:
        model: An ``onnx.ModelProto``.
        outputs: Name and channels of each output.
        size: Side of the pictures in px.
    """
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size, size, channels])
                 for name, channels in outputs]  # fmt: skip
    del model.graph.output[:]
    model.graph.output.extend(described)
    del model.graph.value_info[:]  # sizes in between, by names that now mean nothing


def plain_weights(model: Any) -> None:
    """Store weights that the graph works out from others, always alike, as the numbers they come to.

    Players on graphics cards want a convolution's weights as numbers.
    """
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer}
    wanted = sorted({name for node in graph.node if node.op_type in _WEIGHTED for name in node.input[1:]} - known)
    if not wanted:
        return
    makers = {name: node for node in graph.node for name in node.output}
    needed = _needed(wanted, makers)
    if any(name not in makers and name not in known for node in needed for name in node.input if name):
        return  # they depend on the pictures
    outputs = [helper.make_empty_tensor_value_info(name) for name in wanted]
    used = {name for node in needed for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    part = helper.make_model(
        helper.make_graph(needed, "weights", [], outputs, tensors), opset_imports=model.opset_import
    )
    part.ir_version = model.ir_version
    for name, numbers in zip(wanted, run_graph(part.SerializeToString(), {}), strict=True):
        makers[name].output[:] = [f"{name} as it was" if one == name else one for one in makers[name].output]
        graph.initializer.append(numpy_helper.from_array(numbers, name))
    _drop_unused(graph)


def _needed(wanted: Sequence[str], makers: Mapping[str, Any]) -> list[Any]:
    """Return the nodes that lead to some values, in the order in which they must run."""
    found, left = set(), list(wanted)
    while left:
        name = left.pop()
        if name in makers and name not in found:
            found.update(makers[name].output)
            left.extend(makers[name].input)
    nodes = [node for name, node in makers.items() if name in found and name == node.output[0]]
    return [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]


def _drop_unused(graph: Any) -> None:
    """Remove nodes and weights that no output needs."""
    used = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def halve(model: Any) -> None:
    """Let convolutions compute in float16 with weights of that type; all else stays float32."""
    graph = model.graph
    names = {name for node in graph.node if node.op_type in _WEIGHTED for name in node.input[1:]}
    halves = {}
    for tensor in list(graph.initializer):
        if tensor.name in names and tensor.data_type == TensorProto.FLOAT:
            halves[tensor.name] = f"{tensor.name} half"  # equal ones are stored once, and dense layers may share them
            numbers = numpy_helper.to_array(tensor).astype(np.float16)
            graph.initializer.append(numpy_helper.from_array(numbers, halves[tensor.name]))
    nodes = []
    for number, node in enumerate(graph.node):
        if node.op_type not in _WEIGHTED:
            nodes.append(node)
            continue
        taken, given = f"half in {number}", f"half out {number}"
        nodes.append(helper.make_node("Cast", [node.input[0]], [taken], to=TensorProto.FLOAT16))
        (whole,) = node.output
        node.input[:] = [taken, *(halves.get(name, name) for name in node.input[1:])]
        node.output[0] = given
        nodes += [node, helper.make_node("Cast", [given], [whole], to=TensorProto.FLOAT)]
    copied = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copied)
    _drop_unused(graph)


def write_metadata(model: Any, facts: Mapping[str, str]) -> None:
    """Write facts into a file, which every ONNX reader shows; empty ones are left out."""
    for key, value in facts.items():
        if value:
            model.metadata_props.add(key=key, value=value)
