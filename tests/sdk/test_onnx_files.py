"""Are ONNX files read as data, and are those refused that are none, are not the one meant, or reach for others?"""

import hashlib

import numpy as np
import pytest

from understudy_sdk import StageError, WrongWeightsError
from understudy_sdk.onnx_files.graph import external_tensor, is_model, node, value, written
from understudy_sdk.onnx_files.reading import read_file
from understudy_sdk.onnx_files.session import start_session
from understudy_sdk.onnx_files.wire import fields, message_field, number_field

CONTENT = written(
    [node("MatMul", ("x", "m"), "y")],
    {"m": np.eye(3, dtype=np.float32)},
    [value("x", ("any", 3))],
    [value("y", ("any", 3))],
)


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
    session = start_session("DFM", "x.onnx", content, "cpu", 1)
    assert [side.shape for side in (*session.get_inputs(), *session.get_outputs())] == [["any", 2], ["any", 2]]
    rows = np.float32([[1, 0], [0, 1], [1, 1]])
    np.testing.assert_array_equal(session.run(None, {"x": rows})[0], rows @ matrix)


def test_the_file_is_read_whole_when_its_checksum_is_right(tmp_path):
    path, content = tmp_path / "face.dfm", CONTENT
    path.write_bytes(content)
    assert read_file(path, "", "DFM") == read_file(path, hashlib.sha256(content).hexdigest(), "DFM") == content


def test_another_file_than_meant_is_refused_with_its_own_checksum(tmp_path):
    path = tmp_path / "face.dfm"
    path.write_bytes(CONTENT)
    with pytest.raises(WrongWeightsError, match=hashlib.sha256(CONTENT).hexdigest()):
        read_file(path, "0" * 64, "DFM")


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x89PNG\r\n\x1a\n", CONTENT[:-40]])
def test_what_is_no_onnx_is_said(tmp_path, content):
    path = tmp_path / "face.dfm"
    path.write_bytes(content)
    assert not is_model(content)
    with pytest.raises(StageError, match=r"face\.dfm is no DFM"):
        read_file(path, "", "DFM")


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "none.dfm", tmp_path):
        with pytest.raises(StageError, match="cannot be read"):
            read_file(path, "", "DFM")


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
        read_file(path, "", "DFM")


def test_damage_inside_is_said(tmp_path):
    path = tmp_path / "face.dfm"
    path.write_bytes(in_graph(b"\x0a\x05abc"))
    with pytest.raises(StageError, match=r"damaged.*cut short"):
        read_file(path, "", "DFM")


def test_deep_graphs_are_walked():
    content = message_field(5, OUTSIDE)
    for _ in range(5000):
        content = message_field(1, message_field(5, message_field(6, content)))
    assert external_tensor(in_graph(content)) == "w"
