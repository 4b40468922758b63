"""Does torch compute what LiteRT does, operator by operator, on small files written here?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from understudy_sdk import Resources, StageError
from understudy_sdk.testing.values import offline_cpu
from understudy_sdk.tflite import open_network, runtime_on
from understudy_sdk.tflite.graph import read_graph

SIDE = 15  # odd, so that "same" padding is uneven
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
RELU = schema.ActivationFunctionType.RELU


class TinyFile:
    """Collects the tensors and operators of a file with one picture input, and writes it."""

    def __init__(self, side: int = SIDE) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []
        self.random = np.random.default_rng(0)
        self.last = self.tensor((1, side, side, 3))
        self.graph.inputs = [self.last]

    def tensor(self, shape, data: np.ndarray | None = None, dtype=schema.TensorType.FLOAT32, sparsity=None) -> int:
        entry = schema.TensorT()
        entry.shape, entry.type, entry.name, entry.sparsity = (
            list(shape),
            dtype,
            f"t{len(self.graph.tensors)}",
            sparsity,
        )
        entry.buffer = 0
        if data is not None:
            entry.buffer = len(self.model.buffers)
            self.model.buffers.append(schema.BufferT())
            self.model.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
        self.graph.tensors.append(entry)
        return len(self.graph.tensors) - 1

    def weights(self, *shape: int) -> int:
        return self.tensor(shape, self.random.normal(0, 0.5, shape).astype(np.float32))

    def whole(self, values) -> int:
        array = np.array(values, np.int32)
        return self.tensor(array.shape, array, schema.TensorType.INT32)

    def step(self, kind: str, inputs: list[int], shape, kind_of_options: str = "", **options) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        entry = schema.OperatorT()
        entry.opcodeIndex, entry.inputs = len(self.model.operatorCodes), inputs
        self.model.operatorCodes.append(code)
        if kind_of_options:
            entry.builtinOptionsType = getattr(schema.BuiltinOptions, kind_of_options)
            entry.builtinOptions = getattr(schema, f"{kind_of_options}T")()
            vars(entry.builtinOptions).update(options)
        self.last = self.tensor(shape)
        entry.outputs = [self.last]
        self.graph.operators.append(entry)
        return self.last

    def convolve(self, shape, weights: int, kind: str = "Conv2D", **options) -> int:
        channels = shape[-1]
        defaults = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
        defaults |= {"depthMultiplier": 1} if kind == "DepthwiseConv2D" else {}
        name = {"Conv2D": "CONV_2D", "DepthwiseConv2D": "DEPTHWISE_CONV_2D"}[kind]
        inputs = [self.last, weights, self.weights(channels)]
        return self.step(name, inputs, shape, f"{kind}Options", **(defaults | options))

    def write(self, path: Path, *outputs: int) -> Path:
        self.graph.outputs = list(outputs) or [self.last]
        builder = Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


def uneven_convolution(file: TinyFile) -> None:
    file.convolve((1, 8, 8, 5), file.weights(5, 3, 3, 3), strideH=2, strideW=2, padding=SAME)


def even_input_convolution(file: TinyFile) -> None:
    """An even size at stride 2 lacks one row and one column, which TensorFlow adds at the end."""
    file.convolve((1, 14, 14, 4), file.weights(4, 2, 2, 3), padding=VALID)
    file.convolve((1, 7, 7, 4), file.weights(4, 3, 3, 4), strideH=2, strideW=2, padding=SAME)


def depthwise(file: TinyFile) -> None:
    weights = file.weights(1, 3, 3, 3)
    shape = (1, 8, 8, 3)
    file.convolve(shape, weights, "DepthwiseConv2D", strideH=2, strideW=2, padding=SAME, fusedActivationFunction=RELU)


def padded_convolution(file: TinyFile) -> None:
    """A PAD that belongs to a convolution, uneven, and one of the channels that does not."""
    file.step("PAD", [file.last, file.whole([[0, 0], [1, 0], [2, 1], [0, 0]])], (1, 16, 18, 3), "PadOptions")
    file.convolve((1, 14, 16, 4), file.weights(4, 3, 3, 3), padding=VALID)
    file.step("PAD", [file.last, file.whole([[0, 0], [0, 0], [0, 0], [0, 2]])], (1, 14, 16, 6), "PadOptions")


def twice_read_padding(file: TinyFile) -> None:
    """What pads for a convolution is kept where another step reads it too."""
    padded = file.step("PAD", [file.last, file.whole([[0, 0], [1, 1], [1, 1], [0, 0]])], (1, 17, 17, 3), "PadOptions")
    first = file.convolve((1, 17, 17, 3), file.weights(3, 1, 1, 3), padding=VALID)
    file.step("ADD", [first, padded], (1, 17, 17, 3), "AddOptions", fusedActivationFunction=RELU)


def slopes_and_pool(file: TinyFile) -> None:
    file.convolve((1, 15, 15, 4), file.weights(4, 1, 1, 3), padding=VALID)
    file.step("PRELU", [file.last, file.weights(1, 1, 4)], (1, 15, 15, 4))
    options = {"padding": SAME, "strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2}
    file.step("MAX_POOL_2D", [file.last], (1, 8, 8, 4), "Pool2DOptions", **options)
    file.step("RELU", [file.last], (1, 8, 8, 4))


def resized(file: TinyFile) -> None:
    options = {"alignCorners": False, "halfPixelCenters": True}
    file.step("RESIZE_BILINEAR", [file.last, file.whole([31, 20])], (1, 31, 20, 3), "ResizeBilinearOptions", **options)


def spread(file: TinyFile) -> None:
    file.convolve((1, 15, 15, 8), file.weights(8, 1, 1, 3), padding=VALID)
    file.step("DEPTH_TO_SPACE", [file.last], (1, 30, 30, 2), "DepthToSpaceOptions", blockSize=2)


def flat(file: TinyFile) -> None:
    picture = file.last
    first = file.step("RESHAPE", [picture, file.whole([1, 225, 3])], (1, 225, 3))
    file.last = picture
    file.convolve((1, 5, 5, 6), file.weights(6, 3, 3, 3), strideH=3, strideW=3, padding=VALID)
    second = file.step("RESHAPE", [file.last, file.whole([1, 50, 3])], (1, 50, 3))
    file.step("CONCATENATION", [first, second], (1, 275, 3), "ConcatenationOptions", axis=1)


def narrow_and_sparse(file: TinyFile) -> None:
    """Weights kept as float16, of which only some are kept at all."""
    dense = np.zeros((5, 1, 1, 3), np.float16)
    dense[0, 0, 0, 1], dense[2, 0, 0, 0], dense[2, 0, 0, 2], dense[4, 0, 0, 2] = 0.5, -1.25, 2.0, 0.75
    rows = dense.reshape(5, 3)
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.dimMetadata = [0, 1, 2, 3], []
    for size in (5, 1, 1):
        axis = schema.DimensionMetadataT()
        axis.format, axis.denseSize = schema.DimensionType.DENSE, size
        sparsity.dimMetadata.append(axis)
    last = schema.DimensionMetadataT()
    last.format = schema.DimensionType.SPARSE_CSR
    last.arraySegmentsType = last.arrayIndicesType = schema.SparseIndexVector.Uint8Vector
    last.arraySegments, last.arrayIndices = schema.Uint8VectorT(), schema.Uint8VectorT()
    last.arraySegments.values = [0, *np.cumsum((rows != 0).sum(axis=1)).tolist()]
    last.arrayIndices.values = np.nonzero(rows)[1].tolist()
    sparsity.dimMetadata.append(last)
    picture = file.last
    kept = file.tensor(dense.shape, rows[rows != 0], schema.TensorType.FLOAT16, sparsity)
    whole = file.step("DENSIFY", [kept], dense.shape, "DensifyOptions")
    file.graph.tensors[whole].type = schema.TensorType.FLOAT16
    weights = file.step("DEQUANTIZE", [whole], dense.shape, "DequantizeOptions")
    file.last = picture
    file.convolve((1, SIDE, SIDE, 5), weights, padding=VALID)


GRAPHS = [
    uneven_convolution,
    even_input_convolution,
    depthwise,
    padded_convolution,
    twice_read_padding,
    slopes_and_pool,
    resized,
    spread,
    flat,
    narrow_and_sparse,
]


def resources(threads: int = 1) -> Resources:
    return replace(offline_cpu(), threads=threads)


def noise(count: int, side: int = SIDE) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def run(path: Path, pictures, *, runtime: str, threads: int = 1, **settings):
    network = open_network(path, resources(threads), scale=1 / 127.5, shift=-1.0, runtime=runtime, **settings)
    return network([partial(np.asarray, picture) for picture in pictures])


@pytest.mark.parametrize("fill", GRAPHS, ids=lambda fill: fill.__name__)
@pytest.mark.parametrize("count", [1, 3])
def test_torch_gives_litert_s_numbers(tmp_path, fill, count):
    file = TinyFile()
    fill(file)
    path = file.write(tmp_path / "tiny.tflite")
    (expected,) = run(path, noise(count), runtime="litert")
    (found,) = run(path, noise(count), runtime="torch")
    assert found.shape == expected.shape == (count, *file.graph.tensors[file.last].shape[1:])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_outputs_come_in_the_file_s_order(tmp_path):
    file = TinyFile()
    picture = file.last
    first = file.convolve((1, SIDE, SIDE, 2), file.weights(2, 1, 1, 3), padding=VALID)
    file.last = picture
    second = file.convolve((1, SIDE, SIDE, 1), file.weights(1, 1, 1, 3), padding=VALID)
    path = file.write(tmp_path / "two.tflite", second, first)
    for runtime in ("litert", "torch"):
        assert [output.shape[-1] for output in run(path, noise(2), runtime=runtime)] == [1, 2]


@pytest.mark.parametrize("runtime", ["litert", "torch"])
def test_no_picture_gives_empty_outputs(tmp_path, runtime):
    file = TinyFile()
    uneven_convolution(file)
    (found,) = run(file.write(tmp_path / "tiny.tflite"), [], runtime=runtime)
    assert found.shape == (0, 8, 8, 5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("runtime", ["litert", "torch"])
def test_threads_change_neither_order_nor_numbers(tmp_path, runtime):
    file = TinyFile()
    uneven_convolution(file)
    path = file.write(tmp_path / "tiny.tflite")
    (alone,) = run(path, noise(7), runtime=runtime)
    (shared,) = run(path, noise(7), runtime=runtime, threads=3)
    np.testing.assert_array_equal(shared, alone)


def test_many_pictures_are_computed_in_several_batches(tmp_path):
    file = TinyFile()
    uneven_convolution(file)
    path = file.write(tmp_path / "tiny.tflite")
    pictures = noise(2) * 65  # 130, more than a batch holds
    (found,) = run(path, pictures, runtime="torch")
    assert len(found) == 130
    np.testing.assert_allclose(found[-2:], found[:2], atol=1e-6)


def test_float16_is_near_float32(tmp_path):
    file = TinyFile()
    uneven_convolution(file)
    path = file.write(tmp_path / "tiny.tflite")
    (exact,) = run(path, noise(1), runtime="torch")
    (rough,) = run(path, noise(1), runtime="torch", precision="float16")
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.02


@pytest.mark.parametrize(
    ("device", "setting", "runtime"),
    [
        ("cpu", "auto", "litert"),
        ("cuda:1", "auto", "torch"),
        ("mps", "auto", "torch"),
        ("cuda", "litert", "litert"),
        ("cpu", "torch", "torch"),
    ],
)
def test_torch_is_chosen_where_there_is_a_gpu(device, setting, runtime):
    assert runtime_on(device, setting) == runtime


def test_an_unknown_operator_is_named(tmp_path):
    file = TinyFile()
    file.step("LOGISTIC", [file.last], (1, SIDE, SIDE, 3))
    path = file.write(tmp_path / "other.tflite")
    with pytest.raises(StageError, match=r"LOGISTIC.*runtime: litert"):
        run(path, noise(1), runtime="torch")


def test_an_unknown_option_is_named(tmp_path):
    file = TinyFile()
    sizes = [file.last, file.whole([30, 30])]
    file.step("RESIZE_BILINEAR", sizes, (1, 30, 30, 3), "ResizeBilinearOptions", alignCorners=True)
    path = file.write(tmp_path / "other.tflite")
    with pytest.raises(StageError, match="RESIZE_BILINEAR"):
        run(path, noise(1), runtime="torch")


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "letter.tflite"
    path.write_bytes(b"Dear reader, this is no network.")
    with pytest.raises(StageError, match=r"letter\.tflite should be a TensorFlow Lite file"):
        read_graph(path)


def test_unpacked_weights_are_no_operators(tmp_path):
    file = TinyFile()
    narrow_and_sparse(file)
    graph = read_graph(file.write(tmp_path / "tiny.tflite"))
    assert [operator.kind for operator in graph.operators] == ["CONV_2D"]
    (weights,) = (graph.constants[operator.inputs[1]] for operator in graph.operators)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights.reshape(5, 3)[2], [-1.25, 0, 2.0])
