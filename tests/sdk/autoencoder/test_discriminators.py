"""Do discriminators answer as the reference's do?"""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder.deepfacelab import to_weights
from understudy_sdk.autoencoder.discriminators import (
    CodeDiscriminator,
    PatchDiscriminator,
    new_discriminator,
    patch_strides,
)


@pytest.fixture(scope="module")
def reference(golden):
    names = json.loads((golden / "saehd" / "discriminators.json").read_text())
    with np.load(golden / "saehd" / "discriminators.npz") as arrays:
        return names, dict(arrays)


def recipe(name, shape):
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)
    drawn = random.standard_normal(tuple(shape))
    scale = np.sqrt(2.0 / np.prod(shape[:-1])) if name.endswith("weight:0") else 0.05
    return (drawn * scale).astype(np.float32)


def filled(network, rows):
    weights = to_weights({"judge": {name: recipe(name, shape) for name, shape in rows}})
    network.load_state_dict({name.removeprefix("judge."): weight for name, weight in weights.items()})
    return network


def nchw(values, *, is_bgr=False):
    return torch.from_numpy(np.ascontiguousarray((values[..., ::-1] if is_bgr else values).transpose(0, 3, 1, 2)))


@pytest.mark.parametrize(("patch", "picture", "every"), [(8, "in_64", 1), (16, "in_64", 1), (32, "in_96", 2)])
def test_the_judge_of_pictures_equals_the_reference(reference, patch, picture, every):
    names, arrays = reference
    network = filled(PatchDiscriminator(patch, 16), names[f"UNetPatchDiscriminator_p{patch}_c16"])
    with torch.no_grad():
        patches, pixels = network(nchw(arrays[f"unetD_{picture}"], is_bgr=True))
    for ours, key in ((patches, "center"), (pixels[:, :, ::every, ::every], f"out_every{every}")):
        theirs = nchw(arrays[f"unetD_p{patch}_c16_{key}"])
        torch.testing.assert_close(ours, theirs, atol=1e-4 * theirs.std().item(), rtol=0)


@pytest.mark.parametrize("side", [8, 16])
def test_the_judge_of_codes_equals_the_reference(reference, side):
    names, arrays = reference
    network = filled(CodeDiscriminator(32, side), names[f"CodeDiscriminator_in32_res{side}"])
    with torch.no_grad():
        ours = network(nchw(arrays[f"codeD_res{side}_in"]))
    torch.testing.assert_close(ours, nchw(arrays[f"codeD_res{side}_out"]), atol=1e-5, rtol=0)


def test_strides_reach_the_patch_as_the_reference_does(reference):
    layers = json.loads(str(reference[1]["unetD_layers"]))
    for patch, rows in layers.items():
        assert patch_strides(int(patch)) == tuple(stride for _, stride in rows), patch
    assert patch_strides(639) == tuple(map(int, "222222122"))


def test_first_weights_come_from_the_seed_alone():
    before = torch.get_rng_state()
    first, again, other = (new_discriminator(CodeDiscriminator, 8, 2, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [network.get_parameter("convs_0.weight") for network in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_maps_of_one_pixel_are_judged_in_float32():
    network = new_discriminator(PatchDiscriminator, 16, 4, 0)
    found = []
    for name in ("convs_0", "convs_1", "convs_2"):
        network.get_submodule(name).register_forward_hook(
            lambda layer, given, out: found.append((given[0].shape[-1], out.dtype))
        )
    with torch.autocast("cpu", torch.bfloat16):
        network(torch.zeros(1, 3, 4, 4))
    assert found == [(4, torch.bfloat16), (2, torch.bfloat16), (1, torch.float32)]
