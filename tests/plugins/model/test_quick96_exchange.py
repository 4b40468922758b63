"""Is DeepFaceLab's Quick96 taken over, of its full size, and handed back to the bit?"""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
import torch

from understudy_plugins.model.quick96 import Quick96Config
from understudy_plugins.model.quick96.exchange import Quick96Exchange
from understudy_plugins.model.quick96.model import Quick96Model
from understudy_sdk import ForeignModel, StageError
from understudy_sdk.testing.values import offline_cpu


def drawn(part, name, shape):
    """Return weights that follow from their name."""
    random = np.random.default_rng(zlib.crc32(f"{part}/{name}".encode()))
    return random.standard_normal(shape, np.float32)


@pytest.fixture(scope="module")
def parts(golden):
    """Give files of the reference's names and shapes."""
    weights = json.loads((golden / "quick96" / "architecture.json").read_text())["weights"]
    return {part: {name: drawn(part, name, shape) for name, shape in rows} for part, rows in weights.items()}


@pytest.fixture(scope="module")
def optimizer(parts):
    """Give the optimizer's file that belongs to them."""
    named = {f"acc_{part}/{name[:-2]}_0:0": np.square(array) for part, rows in parts.items()
             for name, array in rows.items()}  # fmt: skip
    return {"iters:0": np.array(4321, np.int64), **named}


def test_there_and_back_is_the_same_to_the_bit_optimizer_too(parts, optimizer):
    exchange = Quick96Exchange()
    data = {"iter": 4321, "options": {"batch_size": np.int64(6)}, "loss_history": [[2.0, 3.0], [1.0, 1.5]]}
    model = exchange.read({**parts, "src_dst_opt": optimizer}, data)
    assert (model.settings, model.step, list(model.remarks)) == ({"batch_size": 6}, 4321, [])
    back, written = exchange.write(Quick96Config(batch_size=6), model)
    assert written == {"iter": 4321, "options": {"batch_size": 6}, "loss_history": [[2.0, 3.0], [1.0, 1.5]]}
    expected = {**parts, "src_dst_opt": optimizer}
    assert set(back) == set(expected)
    for part, arrays in expected.items():
        assert set(back[part]) == set(arrays)
        for name, array in arrays.items():
            assert np.array_equal(back[part][name], array), name


def test_the_model_takes_what_was_read(parts, optimizer):
    found = Quick96Exchange().read({**parts, "src_dst_opt": optimizer}, {"iter": 1})
    model = Quick96Model(Quick96Config(), offline_cpu())
    model.load_weights(found.weights)
    model.load_optimizer_state(found.optimizer_state)
    kernel = model.weights()["encoder.down1.downs_0.conv1.weight"]
    theirs = parts["encoder"]["down1/downs_0/conv1/weight:0"]  # (5, 5, 3, 64), BGR
    assert torch.equal(kernel[7, 0], torch.from_numpy(theirs[:, :, 2, 7]))
    assert torch.equal(
        model.optimizer_state()["squares.inter.dense2.weight"],
        torch.from_numpy(optimizer["acc_inter/dense2/weight_0:0"].T),
    )


def test_without_its_optimizer_it_begins_anew_and_says_so(parts, optimizer):
    for others in ({}, {"src_dst_opt": {"ms_encoder/dense1/weight_0:0": np.zeros(1, np.float32)}}):
        found = Quick96Exchange().read({**parts, **others}, {"iter": 5})
        assert (found.optimizer_state, found.step, found.losses) == ({}, 5, [])
        assert "means begin anew" in found.remarks[0]


def test_other_files_and_other_widths_are_refused(parts):
    with pytest.raises(StageError, match=r"decoder_dst\.npy is missing"):
        Quick96Exchange().read({"encoder": parts["encoder"], "inter": parts["inter"]}, {})
    model = ForeignModel({}, {}, {}, 0)
    with pytest.raises(StageError, match="one size alone, and this model another: code_width is 8 and not 128"):
        Quick96Exchange().write(Quick96Config(code_width=8), model)


def test_the_network_of_a_dfm_swaps_as_the_model_does():
    config = Quick96Config(code_width=8, encoder_width=4, decoder_width=4, mask_width=2)
    model = Quick96Model(config, offline_cpu())
    player = Quick96Exchange().player(config, model.weights())
    assert (player.crop_spec, player.has_morph) == (model.crop_spec, False)
    faces_bgr = torch.rand(2, 96, 96, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        target_mask, swap_bgr, mask = player.network(faces_bgr)
        code = model._network.source_code(faces_bgr.flip(-1).permute(0, 3, 1, 2))
        rgb, source_mask = model._network.source_decoder(code)
        wanted = model._network.target_decoder.outline(code)
    torch.testing.assert_close(swap_bgr, rgb.permute(0, 2, 3, 1).flip(-1))
    torch.testing.assert_close(mask, source_mask.permute(0, 2, 3, 1))
    torch.testing.assert_close(target_mask, wanted.permute(0, 2, 3, 1))


@pytest.mark.parametrize("batch_size", [0, 5000, "many", 2.5])
def test_a_batch_size_out_of_range_is_refused(parts, batch_size):
    with pytest.raises(StageError, match=f"batch_size is {batch_size!r}, but must be a whole number from 1 to 1024"):
        Quick96Exchange().read(parts, {"iter": 7, "options": {"batch_size": batch_size}})
