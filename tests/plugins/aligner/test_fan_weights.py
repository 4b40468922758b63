"""Are the weight files of DeepFaceLab and face-alignment read, and others refused with a reason?"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from understudy_plugins.aligner.fan import FAN_2D, FanConfig, understudy_aligners
from understudy_plugins.aligner.fan.weights import deepfacelab_name, read_weights
from understudy_sdk import StageError
from understudy_sdk.testing.values import offline_cpu
from understudy_sdk.weights import require_content

# A small part of the network stands for all of it: what is read does not depend on how many tensors there are.
PART = ("conv1.bias", "conv2.downsample.0.running_var", "m0.b2_3.conv1.weight", "bl1.weight", "l3.bias")


@pytest.fixture
def part(fan_shapes):
    return {name: fan_shapes[name] for name in PART}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("conv1.weight", "conv1/weight:0"),
        ("conv4.downsample.0.running_var", "conv4/down_bn1/running_var:0"),
        ("conv4.downsample.2.weight", "conv4/down_conv1/weight:0"),
        ("m0.b1_4.bn1.bias", "m_0/b1/bn1/bias:0"),
        ("m2.b3_2.conv2.weight", "m_2/b2_plus/b2_plus/b3/conv2/weight:0"),
        ("m3.b2_1.conv1.weight", "m_3/b2_plus/b2_plus/b2_plus/b2/conv1/weight:0"),
        ("m3.b2_plus_1.conv1.weight", "m_3/b2_plus/b2_plus/b2_plus/b2_plus/conv1/weight:0"),
        ("top_m_1.bn2.weight", "top_m_1/bn2/weight:0"),
        ("conv_last2.bias", "conv_last_2/bias:0"),
        ("bn_end0.running_mean", "bn_end_0/running_mean:0"),
        ("l3.weight", "l_3/weight:0"),
        ("bl0.bias", "bl_0/bias:0"),
        ("al1.weight", "al_1/weight:0"),
    ],
)
def test_deepfacelabs_names(name, theirs):
    assert deepfacelab_name(name) == theirs


def test_a_deepfacelab_file_is_read(fan_arrays, fan_state, part, tmp_path):
    path = tmp_path / "2DFAN.npy"
    path.write_bytes(pickle.dumps({deepfacelab_name(name): fan_arrays[deepfacelab_name(name)] for name in PART}, 4))
    found = read_weights(path, part)
    assert list(found) == list(PART)
    for name in PART:
        np.testing.assert_array_equal(found[name], fan_state[name].numpy())


@pytest.mark.parametrize("is_new", [True, False])
def test_a_state_dict_is_read_and_later_stacks_are_left(fan_state, part, tmp_path, is_new):
    path = tmp_path / "2DFAN4.pth.tar"
    torch.save({name: fan_state[name] for name in PART}, path, _use_new_zipfile_serialization=is_new)
    del part["l3.bias"]
    found = read_weights(path, part)
    assert list(found) == list(PART[:-1])
    np.testing.assert_array_equal(found["bl1.weight"], fan_state["bl1.weight"].numpy())


def test_missing_and_misshapen_tensors_are_named(part, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, **{"conv1.bias": np.zeros(32, np.float32), "l3.bias": np.zeros(68, np.float32)})
    with pytest.raises(StageError, match="these are no weights of a FAN") as caught:
        read_weights(path, part)
    assert "missing: bl1.weight, conv2.downsample.0.running_var, m0.b2_3.conv1.weight" in str(caught.value)
    assert "conv1.bias is (32,) instead of (64,)" in str(caught.value)


def test_a_file_without_any_of_it_names_some(fan_shapes, tmp_path):
    path = tmp_path / "nothing.npz"
    np.savez(path, other=np.zeros(1, np.float32))
    with pytest.raises(StageError, match="and 940 more"):
        read_weights(path, fan_shapes)


@pytest.mark.parametrize("sha256", ["", "0" * 64])
def test_a_files_own_hash_is_told_where_another_is_meant(tmp_path, sha256):
    path = tmp_path / "weights.npy"
    path.write_bytes(b"abc")
    own = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc", from FIPS 180-2
    with pytest.raises(StageError, match=own):
        require_content(path, sha256)
    require_content(path, own.upper())


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(StageError, match=r"gone\.npy: cannot be read"):
        require_content(tmp_path / "gone.npy", "0" * 64)


@pytest.mark.parametrize("settings", [{"weights": "file"}, {"weights": "released", "weights_file": "2DFAN.npy"}])
def test_a_file_is_named_exactly_where_it_is_used(settings):
    with pytest.raises(ValidationError, match="weights_file"):
        FanConfig(**settings)


def test_the_released_file_is_asked_for_by_its_declaration(tmp_path):
    (spec,) = understudy_aligners()
    asked = []

    def find(weight):
        asked.append(weight)
        np.savez(tmp_path / "other.npz", other=np.zeros(1, np.float32))
        return tmp_path / "other.npz"

    with pytest.raises(StageError, match="missing"):
        spec.build(FanConfig(stacks=1), offline_cpu(find))
    assert asked == [FAN_2D]
    assert FAN_2D in spec.weights
