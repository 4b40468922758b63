"""Are S3FD's weights read from every program's file, and refused where they do not fit?"""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest
import safetensors.numpy
import torch
from pydantic import ValidationError

from understudy_plugins.detector.s3fd import RELEASED, S3FDConfig, understudy_detectors
from understudy_plugins.detector.s3fd.network import tensor_shapes
from understudy_plugins.detector.s3fd.weights import check_weights, read_weights, untrained_weights
from understudy_sdk import ForeignFileError, MissingWeightsError, Resources, StageError
from understudy_sdk.testing.values import face_frame, offline_cpu


@pytest.fixture(scope="module")
def weights():
    return untrained_weights(seed=2)


def deepfacelabs(weights):
    """Give the weights as DeepFaceLab names and lays them out."""
    arrays = {}
    for name, array in weights.items():
        foreign = name.replace(".", "/") + ":0"
        if name.endswith("_norm.weight"):
            arrays[foreign] = array.reshape(1, 1, 1, -1)
        else:
            arrays[foreign] = np.ascontiguousarray(array.transpose(2, 3, 1, 0)) if array.ndim == 4 else array
    return arrays


def write(kind, weights, path):
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    if kind == "deepfacelab":
        path.write_bytes(pickle.dumps(deepfacelabs(weights), 4))
    elif kind == "safetensors":
        safetensors.numpy.save_file(weights, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=kind == "torch")


def settings(path, **others):
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return S3FDConfig(**{"weights": "file", "weights_file": str(path), "weights_sha256": checksum} | others)


@pytest.mark.parametrize("kind", ["deepfacelab", "torch", "legacy torch", "safetensors"])
def test_reads_the_same_weights_from_every_kind_of_file(tmp_path, weights, kind):
    path = tmp_path / "S3FD"
    write(kind, weights, path)
    found = read_weights(settings(path), offline_cpu())
    assert found.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_boxes_are_the_same_from_either_programs_file(tmp_path):
    """Built as a user builds it: the offer, a file, a frame."""
    (spec,) = understudy_detectors()
    weights, boxes = untrained_weights(), []
    options = spec.tiny.model_dump(exclude={"weights"})
    for kind in ("deepfacelab", "torch"):
        path = tmp_path / kind
        write(kind, weights, path)
        chosen = settings(path)
        files = {"weights_file": chosen.weights_file, "weights_sha256": chosen.weights_sha256, "weights": "file"}
        detector = spec.build(S3FDConfig(**options | files), offline_cpu())
        boxes.append([face.box for face in detector.detect([face_frame()])[0]])
    assert len(boxes[0]) > 10
    np.testing.assert_array_equal(*boxes)


def test_released_weights_come_from_the_host(tmp_path, weights):
    path = tmp_path / RELEASED.name
    write("legacy torch", weights, path)
    asked = []
    found = read_weights(S3FDConfig(), Resources("cpu", lambda weight: asked.append(weight) or path))
    assert asked == [RELEASED]
    np.testing.assert_array_equal(found["fc7.bias"], weights["fc7.bias"])
    with pytest.raises(MissingWeightsError, match=r"understudy weights pull s3fd-619a316812\.pth"):
        read_weights(S3FDConfig(), offline_cpu())


def test_the_checksum_is_asked_for_and_shown(tmp_path):
    path = tmp_path / "S3FD.npy"
    path.write_bytes(b"not even a pickle")
    own = hashlib.sha256(b"not even a pickle").hexdigest()
    for given in ("", "0" * 64):
        with pytest.raises(StageError, match=own):
            read_weights(settings(path, weights_sha256=given), offline_cpu())
    with pytest.raises(ForeignFileError, match=r"S3FD\.npy cannot be read"):
        read_weights(settings(path), offline_cpu())


def test_weights_that_do_not_fit_are_named(weights):
    broken = {name: array for name, array in weights.items() if name != "fc6.bias"}
    broken["fc7.weight"] = broken["fc7.weight"][:, :7]
    broken["conv1_1.bias"] = np.full(64, np.nan, np.float32)
    broken["conv1_2.bias"] = np.zeros(64, np.int64)
    with pytest.raises(StageError) as caught:
        check_weights(broken, "S3FD.npy")
    message = str(caught.value)
    assert message.startswith("S3FD.npy does not hold the weights of S3FD")
    assert "fc6.bias is missing" in message
    assert "fc7.weight must have the shape (1024, 1024, 1, 1), but has (1024, 7, 1, 1)" in message
    assert "conv1_1.bias holds something other than finite numbers" in message
    assert "conv1_2.bias holds" in message


def test_another_networks_file_is_refused_in_few_lines():
    with pytest.raises(StageError, match="and 60 more"):
        check_weights({"some.weight": np.zeros(3, np.float32)}, "other.pth")


def test_more_tensors_than_needed_do_no_harm(weights):
    assert check_weights({**weights, "extra": np.zeros(1, np.float32)}, "").keys() == tensor_shapes().keys()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weights": "file"}, "go together"),
        ({"weights_file": "/a/S3FD.npy"}, "go together"),
        ({"weights_sha256": "0" * 64}, "which is missing"),
        ({"weights_sha256": "ABC"}, "pattern"),
        ({"rotations": ()}, "at least 1"),
        ({"rotations": (45,)}, "90"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        S3FDConfig(**wrong)
