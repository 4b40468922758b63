"""Are names, shapes and optimizer's files those of DeepFaceLab, both ways?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder import deepfacelab as dfl
from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.autoencoder import new_autoencoder

CASES = {"liae-ud": (14, 6, 6, 4), "df-udt": (12, 4, 4, 2)}


def weights_of(archi):
    network = new_autoencoder(64, Widths(*CASES[archi]), 0, Architecture.parse(archi))
    return {name: value.detach() for name, value in network.named_parameters()}


@pytest.mark.parametrize("archi", CASES)
def test_parts_have_the_names_and_shapes_of_saved_ones_and_come_back(archi, golden):
    weights = weights_of(archi)
    rows = json.loads((golden / "saehd" / archi / "names.json").read_text())
    saved = {file.removeprefix("tiny_SAEHD_").removesuffix(".npy"): {name: tuple(shape) for name, shape, _ in entries}
             for file, entries in rows.items()}  # fmt: skip
    optimizer = saved.pop("src_dst_opt")
    assert dfl.array_shapes(weights) == saved
    parts = dfl.to_parts(weights)
    assert dfl.faults(parts, saved) == []
    again = dfl.to_weights(parts)
    assert all(torch.equal(again[name], value) for name, value in weights.items())
    slots = {f"{kind}.{name}": value for kind in ("means", "deviations") for name, value in weights.items()}
    written = dfl.to_slot_arrays(slots, 7)
    assert {name: array.shape for name, array in written.items()} == optimizer
    assert (written["iters:0"], written["iters:0"].dtype) == (7, np.int64)
    assert dfl.slot_faults("src_dst_opt", written, saved) == []
    back = dfl.to_slots(written)
    assert back.keys() == slots.keys()
    assert all(torch.equal(back[name], value) for name, value in slots.items())


def test_an_optimizers_kind_is_told_by_its_names():
    assert dfl.optimizer_kind({"iters:0": np.array(1), "acc_GAN/in_conv/bias_0:0": np.zeros(3)}) == "rmsprop"
    assert dfl.optimizer_kind({"ms_GAN/in_conv/bias_0:0": np.zeros(3)}) == "adabelief"
    assert dfl.optimizer_kind({"iters:0": np.array(1)}) == ""


def test_a_single_network_may_be_called_otherwise_there():
    arrays = {"iters:0": np.array(1), "ms_D_src/in_conv/bias_0:0": np.ones(3, np.float32)}
    named = dfl.of_network(arrays, "GAN")
    assert list(named) == ["iters:0", "ms_GAN/in_conv/bias_0:0"]
    assert dfl.slot_faults("GAN_opt", named, {"GAN": {"in_conv/bias:0": (3,)}}) == [
        "GAN_opt.npy: vs_GAN/in_conv/bias_0:0 is missing"
    ]


def test_faults_name_file_array_and_both_shapes():
    wanted = {"encoder": {"a/weight:0": (2, 3), "b/bias:0": (3,)}, "inter": {"c/bias:0": (1,)}}
    parts = {"encoder": {"a/weight:0": np.zeros((3, 2), np.float32), "z:0": np.zeros((), np.float32)}}
    assert dfl.faults(parts, wanted) == [
        "encoder.npy: b/bias:0 is missing",
        "encoder.npy: a/weight:0 is 3 x 2, but the options ask for 2 x 3",
        "encoder.npy: z:0, a single number, belongs to no part of such a model",
        "inter.npy is missing",
    ]
    assert dfl.faults({"inter": {"c/bias:0": np.zeros(1, np.int64)}}, {"inter": wanted["inter"]}) == [
        "inter.npy: c/bias:0 holds what is no finite number"
    ]


def test_steps_and_losses_of_a_data_file():
    data = {
        "iter": np.int64(3),
        "loss_history": [[9, 9], [1.0, 2], [np.float32(3.0), 4.0], ["x", 1], [5.0], (6.0, 7.0)],
    }
    assert dfl.step_of(data) == 3
    assert dfl.losses_of(data, 3) == [(1.0, 2.0), (3.0, 4.0), (6.0, 7.0)]
    assert (dfl.step_of({"iter": "many"}), dfl.losses_of({}, 5), dfl.losses_of({"loss_history": 1}, 5)) == (0, [], [])
