"""Have the networks the reference's shapes, names and answers?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder.architecture import Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder, new_autoencoder
from understudy_sdk.autoencoder.network import Decoder, Down, Encoder, Inter, channel_to_space, unit_mean_square

LIAE = Widths(code=14, encoder=6, decoder=6, mask=4)
"""The stored model's widths: the same layers, at 64 px, but an inter twice as wide, and two of it side by side."""


def nchw(values):
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def take_reference_weights(module, values):
    """Load saved weights: transposing is all they need."""
    order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
    module.load_state_dict(
        {name: torch.from_numpy(value.transpose(order[value.ndim])) for name, value in values.items()}
    )
    return module


@pytest.fixture(scope="module")
def stored(golden):
    def read(name):
        with np.load(golden / "quick96" / f"{name}.npz") as arrays:
            return dict(arrays)

    return read


@pytest.fixture(scope="module")
def liae(stored):
    encoder = take_reference_weights(Encoder(LIAE.encoder), stored("liae_ud_encoder"))
    features = 8 * LIAE.encoder * 4 * 4
    inter = take_reference_weights(Inter(features, LIAE.code, 2 * LIAE.code, 2), stored("liae_ud_inter_AB"))
    drawing = stored("liae_ud_decoder") | stored("liae_ud_decoder_mask")
    decoder = take_reference_weights(Decoder(4 * LIAE.code, LIAE.decoder, LIAE.mask), drawing)
    return encoder, inter, decoder


def test_weights_have_the_reference_names_shapes_and_counts(golden):
    reference = json.loads((golden / "quick96" / "architecture.json").read_text())
    with torch.device("meta"):
        network = Autoencoder(96, Widths())
    for part, rows in reference["weights"].items():
        ours = {name: tuple(value.shape) for name, value in network.get_submodule(part).named_parameters()}
        order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
        theirs = {
            name.removesuffix(":0").replace("/", "."): tuple(shape[i] for i in order[len(shape)])
            for name, shape in rows
        }
        assert ours == theirs
        assert sum(np.prod(shape) for shape in ours.values()) == reference["params"][part]
    assert sum(value.numel() for value in network.parameters()) == reference["total"] == 38_294_330


def test_encoder_equals_the_reference(liae, stored):
    io = stored("liae_ud_io")
    features = liae[0](nchw(io["warped_src"]))
    np.testing.assert_allclose(features.detach().numpy(), io["mid_enc_src"], atol=1e-5)


def test_inter_equals_the_reference(liae, stored):
    io = stored("liae_ud_io")
    code = liae[1](torch.from_numpy(io["mid_enc_src"]))
    torch.testing.assert_close(code.detach(), nchw(io["mid_inter_AB_src"]), atol=1e-5, rtol=0)


def test_decoder_equals_the_reference(liae, stored):
    io = stored("liae_ud_io")
    code = nchw(io["mid_inter_AB_src"]).repeat(1, 2, 1, 1)
    first = liae[2].get_submodule("upscale0")(code)
    torch.testing.assert_close(first.detach(), nchw(io["mid_decoder_upscale0_src"]), atol=1e-5, rtol=0)
    rgb, mask = liae[2](code)
    torch.testing.assert_close(rgb.detach(), nchw(io["pred_src_src"]), atol=1e-5, rtol=0)
    assert mask.shape == (1, 1, 64, 64)


def test_layers_equal_the_reference(stored):
    layers = stored("layers")
    down = take_reference_weights(
        Down(16, 8), {f"conv1.{name}": layers[f"layer.conv_k5_s2.{name}"] for name in ("weight", "bias")}
    )
    expected = torch.nn.functional.leaky_relu(nchw(layers["layer.conv_k5_s2.out"]), 0.1)
    torch.testing.assert_close(down(nchw(layers["layer.conv_k5_s2.in"])).detach(), expected, atol=1e-5, rtol=0)
    dense = take_reference_weights(
        torch.nn.Linear(16, 8), {name: layers[f"layer.dense.{name}"] for name in ("weight", "bias")}
    )
    ours = dense(torch.from_numpy(layers["layer.dense.in"])).detach().numpy()
    np.testing.assert_allclose(ours, layers["layer.dense.out"], atol=1e-5)


def test_rearrangements_equal_the_reference(stored):
    layers = stored("layers")
    feat = layers["feat"]
    unfolded = channel_to_space(nchw(feat))
    assert torch.equal(unfolded, nchw(layers["depth_to_space_2"]))
    scaled = unit_mean_square(torch.from_numpy(feat.reshape(2, -1)))
    np.testing.assert_allclose(scaled.numpy(), layers["pixel_norm"], atol=1e-6)


def test_first_weights_come_from_the_seed_alone():
    before = torch.get_rng_state()
    networks = [new_autoencoder(96, Widths(8, 4, 4, 2), seed) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    first, again, other = (network.get_parameter("inter.dense1.weight") for network in networks)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_first_weights_are_glorot_uniform_and_biases_zero():
    network = new_autoencoder(96, Widths(32, 16, 16, 8), 0)
    weight = network.get_parameter("encoder.down1.downs_3.conv1.weight").detach()
    bound = (6 / (25 * 64 + 25 * 128)) ** 0.5
    assert 0.999 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    assert all(not value.any() for name, value in network.named_parameters() if name.endswith("bias"))
