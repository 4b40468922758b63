"""Does the network say what DeepFaceLab's XSeg does, and are its weights taken over and handed back?"""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
import torch

from understudy_plugins.masker.xseg import XSegConfig
from understudy_plugins.masker.xseg.exchange import XSegExchange
from understudy_plugins.masker.xseg.network import XSegNetwork, new_network
from understudy_sdk import ForeignModel, StageError


def recipe(name, shape):
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)
    leaf, drawn = name.split("/")[-1].split(":")[0], random.standard_normal(tuple(shape))
    if leaf == "weight":
        fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
        drawn = drawn * np.sqrt(2.0 / fan) if fan > 1 else 1 + 0.1 * drawn
    elif leaf == "eps":
        drawn = np.full(shape, 1e-6)
    else:
        drawn *= {"bias": 0.05, "tau": 0.1}[leaf]
    return drawn.astype(np.float32)


@pytest.fixture(scope="module")
def arrays(golden):
    names = json.loads((golden / "xseg" / "names.json").read_text())
    return {name: recipe(name, shape) for name, shape in names}


def optimizer_arrays(arrays):
    slots = {f"acc_XSeg/{name.removesuffix(':0')}_0:0": np.square(array) for name, array in arrays.items()}
    return {"iters:0": np.array(7), **slots}


def test_the_network_equals_the_reference(golden, arrays):
    model = XSegExchange().read({"256": arrays}, {})
    network = XSegNetwork()
    network.load_state_dict(model.weights)
    assert sum(parameter.numel() for parameter in network.parameters()) == 17_569_317
    with np.load(golden / "xseg" / "network.npz") as reference:
        bgr, logits, share = (reference[name] for name in ("in_u8", "logits_every4", "prob_every4"))
    rgb = torch.from_numpy(np.ascontiguousarray(bgr[..., ::-1].transpose(2, 0, 1)))[None].float() / 255
    with torch.no_grad():
        found = network(rgb)
    for ours, theirs in ((found, logits), (torch.sigmoid(found), share)):
        error = np.abs(ours[0, 0, ::4, ::4].numpy() - theirs) / theirs.std()
        # counted in float64, one pixel of the reference itself is 1.1e-4 off, and all of ours are within 5e-5
        assert np.quantile(error, 0.999) < 1e-4
        assert error.max() < 1.3e-4


def test_a_model_is_taken_over_and_handed_back(arrays):
    parts = {"256": arrays, "256_opt": optimizer_arrays(arrays)}
    data = {"iter": np.int64(1234), "options": {"face_type": "f", "batch_size": np.int64(8), "pretrain": False}}
    exchange = XSegExchange()
    model = exchange.read(parts, data)
    assert dict(model.settings) == {"face_type": "full", "batch_size": 8, "pretrain": False}
    assert (model.step, tuple(model.remarks)) == (1234, ())
    again, notes = exchange.write(XSegConfig(**model.settings), model)
    assert again.keys() == parts.keys()
    for part, wanted in parts.items():
        assert again[part].keys() == wanted.keys()
        for name, array in wanted.items():
            if name != "iters:0":
                np.testing.assert_array_equal(again[part][name], array)
    assert again["256_opt"]["iters:0"] == 1234
    assert notes["options"] == {"face_type": "f", "batch_size": 8, "pretrain": False}


def test_the_state_taken_over_is_what_the_masker_keeps(arrays):
    from understudy_plugins.masker.xseg.masker import XSegMasker
    from understudy_sdk.testing.values import offline_cpu

    model = XSegExchange().read({"256": arrays, "256_opt": optimizer_arrays(arrays)}, {})
    masker = XSegMasker(XSegConfig(**model.settings), offline_cpu())
    masker.load_weights(model.weights)
    masker.load_optimizer_state(model.optimizer_state)
    first = masker.optimizer_state()["squares.conv01.conv.weight"]
    torch.testing.assert_close(first, masker.weights()["conv01.conv.weight"].square())


def test_weights_alone_are_enough_and_that_is_said(arrays):
    model = XSegExchange().read({"256": arrays}, {"iter": 5})
    assert not model.optimizer_state
    assert "XSeg_256_opt.npy" in model.remarks[0]


def test_what_is_wrong_with_a_model_is_named(arrays):
    exchange = XSegExchange()
    with pytest.raises(StageError, match=r"256.npy is missing"):
        exchange.read({}, {})
    bad = {**arrays, "out_conv/bias:0": np.zeros(3, np.float32)}
    del bad["conv22/tlu/tau:0"]
    with pytest.raises(StageError, match=r"(?s)conv22/tlu/tau:0 is missing.*out_conv/bias:0 is 3"):
        exchange.read({"256": bad}, {})
    with pytest.raises(StageError, match="face type 'nose'"):
        exchange.read({"256": arrays}, {"options": {"face_type": "nose"}})
    with pytest.raises(StageError, match="batch_size is 5000, but must be a whole number from 1 to 1024"):
        exchange.read({"256": arrays}, {"options": {"batch_size": 5000}})


def test_its_one_loss_stands_for_both_sides(arrays):
    data = {"iter": 2, "loss_history": [[0.9], [0.5], (np.float32(0.25),), [1.0, 2.0]]}
    model = XSegExchange().read({"256": arrays}, data)
    assert (model.step, model.losses) == (2, [(0.5, 0.5), (0.25, 0.25)])


def test_a_network_that_deepfacelab_has_not_is_not_handed_over():
    small = ForeignModel({}, dict(new_network(2, 64, 0).named_parameters()), {}, 1)
    with pytest.raises(StageError, match="width 32 and resolution 256, this one 2 and 64"):
        XSegExchange().write(XSegConfig(width=2, resolution=64), small)


def test_it_plays_in_no_dfm_file():
    assert XSegExchange().player(XSegConfig(), {}) is None
    assert XSegExchange().class_name == "XSeg"


def test_first_weights_come_from_the_seed():
    one, same, other = (new_network(2, 64, seed) for seed in (1, 1, 2))
    for name, weight in one.state_dict().items():
        torch.testing.assert_close(weight, same.state_dict()[name], rtol=0, atol=0)
    assert not torch.equal(one.out_conv.weight, other.out_conv.weight)
    assert one.conv01.conv.bias.abs().max() == 0
    assert one.conv01.frn.weight.min() == 1


def test_without_skips_all_goes_through_the_middle():
    network = new_network(2, 64, 0)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        network.dense2.weight.zero_()
        free, bound = network(picture), network(picture, has_skips=False)
        blank = network(torch.zeros_like(picture), has_skips=False)
    torch.testing.assert_close(bound, blank, rtol=0, atol=0)
    assert not torch.allclose(free, bound)
