"""Is SFace given the face as it wants it? A network of one layer stands in for it, so no weights are needed."""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.recognizer.sface import SFACE, SFaceConfig
from understudy_plugins.recognizer.sface.recognizer import SFaceRecognizer, align
from understudy_sdk import Crop, FaceType, StageError
from understudy_sdk.five_points import five_points
from understudy_sdk.testing.values import plain_crop

FIVE = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)])


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """Write a field of a protocol buffer: a number, or a message or text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor_type(name, *shape):
    dims = b"".join(field(1, field(1, length)) for length in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))  # element type 1 is float32


def node(kind, source, result):
    return field(1, field(1, source) + field(2, result) + field(4, kind))


@pytest.fixture(scope="module")
def mean_network(tmp_path_factory):
    """Give an ONNX file whose network answers the mean of each channel: what it was given can be read off."""
    graph = (
        node("GlobalAveragePool", "data", "pooled")
        + node("Flatten", "pooled", "fc1")
        + field(2, "mean")
        + field(11, tensor_type("data", 1, 3, 112, 112))
        + field(12, tensor_type("fc1", 1, 3))
    )
    path = tmp_path_factory.mktemp("sface") / SFACE.name
    path.write_bytes(field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
    return path


@pytest.fixture
def recognizer(mean_network):
    return SFaceRecognizer(SFaceConfig(), mean_network)


def placed(scale=1.0, shift=(0.0, 0.0)):
    """Return 68 landmarks whose five points lie where the network wants them, moved by a scale and a shift."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48], points[30], points[48], points[54] = FIVE
    return (points * scale + shift).astype(np.float32)


def test_five_points_are_taken_from_the_68():
    np.testing.assert_allclose(five_points(placed()), FIVE, atol=1e-4)


def test_a_face_that_lies_right_is_taken_as_it_is():
    rgb = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    aligned = align(Crop(rgb, np.eye(2, 3), FaceType.FULL, placed()))
    assert np.abs(aligned.astype(int) - rgb).max() <= 1


def test_a_face_that_lies_elsewhere_is_moved_there():
    rgb = np.zeros((200, 200, 3), np.uint8)
    rgb[60:172, 40:152] = 255  # the network's square
    rgb[60:116, 40:96] = (255, 0, 0)
    aligned = align(Crop(rgb, np.eye(2, 3), FaceType.FULL, placed(shift=(40.0, 60.0))))
    assert aligned.shape == (112, 112, 3)
    assert (aligned[2:54, 2:54] == (255, 0, 0)).all()
    assert (aligned[58:110, 58:110] == 255).all()


def test_the_network_sees_red_first_and_levels_up_to_255(recognizer):
    rgb = np.empty((112, 112, 3), np.uint8)
    rgb[:] = (200, 100, 50)
    (vector,) = recognizer.embed([Crop(rgb, np.eye(2, 3), FaceType.FULL, placed())])
    np.testing.assert_allclose(vector, np.array([4, 2, 1]) / np.sqrt(21), atol=1e-4)


def test_each_crop_has_its_row(recognizer):
    crops = [plain_crop(level) for level in (40, 120, 220)]
    vectors = recognizer.embed(crops)
    assert vectors.dtype == np.float32
    for vector, crop in zip(vectors, crops, strict=True):
        np.testing.assert_array_equal(vector, recognizer.embed([crop])[0])
    assert recognizer.embed([]).shape == (0, 128)


def test_a_file_that_is_no_network_is_said(tmp_path):
    path = tmp_path / SFACE.name
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(StageError, match="cannot read the network"):
        SFaceRecognizer(SFaceConfig(), path)
