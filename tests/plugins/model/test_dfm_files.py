"""Are DFM files read as data, and are those refused that are none, are not the one meant, or reach for others?"""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from understudy_plugins.model.dfm.onnx_file import external_tensor, is_model, node, value, written
from understudy_plugins.model.dfm.reading import read_file, untrained_file
from understudy_plugins.model.dfm.session import start_session
from understudy_plugins.model.dfm.signature import Signature, read_signature
from understudy_plugins.model.dfm.wire import fields, message_field, number_field
from understudy_sdk import StageError, WrongWeightsError


def test_fields_are_read_as_they_were_written():
    message = number_field(1, 7) + message_field(300, "text") + number_field(2, 2**40) + b"\x1d\x01\x02\x03\x04"
    assert [(number, one if isinstance(one, int) else bytes(one)) for number, one in fields(memoryview(message))] == [
        (1, 7),
        (300, b"text"),
        (2, 2**40),
        (3, b"\x01\x02\x03\x04"),
    ]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\x0a\x05abc", "cut short"),
        (b"\x08", "does not end"),
        (b"\x08" + b"\xff" * 11, "does not end"),
        (b"\x0b", "unknown wire type 3"),
        (b"\x00\x01", "number 0"),
    ],
)
def test_what_is_no_message_is_said(message, words):
    with pytest.raises(ValueError, match=words):
        list(fields(memoryview(message)))


def test_a_written_file_is_one_that_onnxruntime_runs():
    matrix = np.float32([[1, 2], [3, 4]])
    content = written(
        [node("MatMul", ("x", "m"), "y")], {"m": matrix}, [value("x", ("any", 2))], [value("y", ("any", 2))]
    )
    session = start_session("x.onnx", content, "cpu", 1)
    assert [side.shape for side in (*session.get_inputs(), *session.get_outputs())] == [["any", 2], ["any", 2]]
    rows = np.float32([[1, 0], [0, 1], [1, 1]])
    np.testing.assert_array_equal(session.run(None, {"x": rows})[0], rows @ matrix)


def test_the_file_is_read_whole_when_its_checksum_is_right(tmp_path):
    path, content = tmp_path / "face.dfm", untrained_file()
    path.write_bytes(content)
    assert read_file(path, "") == read_file(path, hashlib.sha256(content).hexdigest()) == content


def test_another_file_than_meant_is_refused_with_its_own_checksum(tmp_path):
    path = tmp_path / "face.dfm"
    path.write_bytes(untrained_file())
    with pytest.raises(WrongWeightsError, match=hashlib.sha256(untrained_file()).hexdigest()):
        read_file(path, "0" * 64)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x89PNG\r\n\x1a\n", untrained_file()[:-40]])
def test_what_is_no_onnx_is_said(tmp_path, content):
    path = tmp_path / "face.dfm"
    path.write_bytes(content)
    assert not is_model(content)
    with pytest.raises(StageError, match=r"face\.dfm is no DFM"):
        read_file(path, "")


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "none.dfm", tmp_path):
        with pytest.raises(StageError, match="cannot be read"):
            read_file(path, "")


OUTSIDE = message_field(8, "w") + message_field(13, message_field(1, "location") + message_field(2, "/etc/passwd"))
MARKED = message_field(8, "w") + number_field(14, 1)


def in_graph(graph):
    return number_field(1, 7) + message_field(7, graph) + message_field(8, number_field(2, 12))


@pytest.mark.parametrize("tensor", [OUTSIDE, MARKED])
@pytest.mark.parametrize(
    "place",
    [
        lambda tensor: in_graph(message_field(5, tensor)),
        lambda tensor: in_graph(message_field(1, message_field(5, message_field(5, tensor)))),
        lambda tensor: in_graph(message_field(1, message_field(5, message_field(6, message_field(5, tensor))))),
        lambda tensor: in_graph(message_field(15, message_field(1, tensor))),
        lambda tensor: in_graph(b"") + message_field(25, message_field(7, message_field(5, message_field(10, tensor)))),
    ],
    ids=["graph", "constant", "inner graph", "sparse", "function"],
)
def test_numbers_in_another_file_are_refused(tmp_path, place, tensor):
    content = place(tensor)
    assert external_tensor(content) == "w"
    path = tmp_path / "face.dfm"
    path.write_bytes(content)
    with pytest.raises(StageError, match=r"numbers in another file \(tensor w\)"):
        read_file(path, "")


def test_damage_inside_is_said(tmp_path):
    path = tmp_path / "face.dfm"
    path.write_bytes(in_graph(b"\x0a\x05abc"))
    with pytest.raises(StageError, match=r"damaged.*cut short"):
        read_file(path, "")


def test_deep_graphs_are_walked():
    content = message_field(5, OUTSIDE)
    for _ in range(5000):
        content = message_field(1, message_field(5, message_field(6, content)))
    assert external_tensor(in_graph(content)) == "w"


def described(name, *shape, kind="tensor(float)"):
    return SimpleNamespace(name=name, type=kind, shape=list(shape))


FACE = described("in_face:0", "N", 224, 224, 3)
MORPH = described("morph_value:0", 1)
OUTPUTS = [
    described("out_face_mask:0", "N", 224, 224, 1),
    described("out_celeb_face:0", "N", 224, 224, 3),
    described("out_celeb_face_mask:0", "N", 224, 224, 1),
]
NAMES = tuple(one.name for one in OUTPUTS)


def test_the_known_forms_are_understood():
    saehd = Signature(224, "in_face:0", None, NAMES, is_single=False)
    assert read_signature("x", [FACE], OUTPUTS) == saehd
    assert read_signature("x", [FACE], OUTPUTS[::-1]) == saehd  # names count before order
    assert read_signature("x", [FACE, MORPH], OUTPUTS).morph == "morph_value:0"
    assert read_signature("x", [described("in_face:0", 1, 224, 224, 3)], OUTPUTS).is_single
    renamed = [described(name, None, None, None, None) for name in "abc"]
    assert read_signature("x", [FACE], renamed).outputs == ("a", "b", "c")


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ([described("input", "N", 224, 224, 3)], OUTPUTS, "no input in_face"),
        ([FACE, FACE], OUTPUTS, "several inputs"),
        ([FACE, described("style", 1)], OUTPUTS, "besides in_face and morph_value"),
        ([described("in_face:0", "N", 224, 224, 3, kind="tensor(float16)")], OUTPUTS, "not float32"),
        ([FACE, described("morph_value:0", "N", 1)], OUTPUTS, "not a single number"),
        ([described("in_face:0", "N", 3, 224, 224)], OUTPUTS, "channels first"),
        ([described("in_face:0", 224, 224, 3)], OUTPUTS, r"no pictures \[N, S, S, 3\]"),
        ([described("in_face:0", 8, 224, 224, 3)], OUTPUTS, "8 faces at a time"),
        ([described("in_face:0", "N", "H", "W", 3)], OUTPUTS, "how large"),
        ([described("in_face:0", "N", 224, 256, 3)], OUTPUTS, "256x224"),
        ([FACE], OUTPUTS[:2], "2 outputs in place of 3"),
        ([FACE], [*OUTPUTS[:2], described("m", "N", 224, 224, 1, kind="tensor(double)")], "m is not float32"),
        ([FACE], [described(name, "N", 224, 224, 3) for name in "abc"], "a is no out_face_mask"),
        ([FACE], [described(name, "N", 1, 224, 224) for name in NAMES], "out_face_mask:0 is no out_face_mask"),
        ([FACE], [described(name, 4) for name in NAMES], "out_face_mask:0 is no out_face_mask"),
        ([], [], "no input in_face"),
    ],
)
def test_others_are_refused_in_words(inputs, outputs, words):
    with pytest.raises(StageError, match=words) as caught:
        read_signature("face.dfm", inputs, outputs)
    assert "expected: inputs in_face:0 float32 [N, S, S, 3]" in str(caught.value)
    for one in (*inputs, *outputs):
        assert f"{one.name} {one.type} [{', '.join(map(str, one.shape))}]" in str(caught.value)
