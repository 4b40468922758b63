"""Does the network compute what the reference programs compute with the same weights?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.aligner.fan.network import FaceAlignmentNetwork, new_network


@pytest.fixture(scope="module")
def numbers(golden):
    with np.load(golden / "fan" / "fan.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def pictures(numbers) -> torch.Tensor:
    return torch.from_numpy(numbers["in_rgb"]).permute(2, 0, 1)[None].float() / 255


def loaded(state, stacks: int = 4) -> FaceAlignmentNetwork:
    network = new_network(stacks)
    names = network.state_dict().keys()
    answer = network.load_state_dict({name: state[name] for name in state.keys() & names}, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in answer.missing_keys)
    return network


@torch.inference_mode()
def heatmaps(network: FaceAlignmentNetwork, pictures: torch.Tensor) -> np.ndarray:
    return network(pictures.to(memory_format=torch.channels_last)).numpy()


def assert_near(found: np.ndarray, expected: np.ndarray, of_std: float = 1e-4) -> None:
    assert np.abs(found - expected).max() <= of_std * expected.std()


def test_it_has_the_945_tensors_of_the_published_files(fan_shapes):
    assert len(fan_shapes) == 945
    assert sum(int(np.prod(shape)) for shape in fan_shapes.values()) == 23_874_320


def test_the_heat_maps_are_deepfacelabs(fan_state, numbers, pictures):
    found = heatmaps(loaded(fan_state).fold(), pictures)[0]
    assert found.shape == (68, 64, 64)
    assert_near(found[:, ::4, ::4], numbers["heatmaps_every4"])
    np.testing.assert_allclose(found.mean(axis=(1, 2)), numbers["heatmaps_mean"], atol=1e-4)
    np.testing.assert_allclose(found.std(axis=(1, 2)), numbers["heatmaps_std"], atol=1e-4)


@pytest.mark.parametrize("stacks", [1, 2])
def test_joined_layers_give_the_same_heat_maps(fan_state, pictures, stacks):
    network = loaded(fan_state, stacks)
    apart = heatmaps(network, pictures)
    assert_near(heatmaps(network.fold(), pictures), apart, 1e-5)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network.children())


def test_every_stack_draws_what_face_alignments_draws(fan_state, pictures):
    models = pytest.importorskip("face_alignment.models")
    theirs = models.FAN(4).eval()
    theirs.load_state_dict(fan_state, strict=False)
    with torch.inference_mode():
        expected = [drawn.numpy() for drawn in theirs(pictures)]
    assert_near(heatmaps(loaded(fan_state).fold(), pictures), expected[3])
    assert_near(heatmaps(loaded(fan_state, 2).fold(), pictures), expected[1])


def test_first_weights_depend_on_nothing_but_the_seed():
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = new_network(1).state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert all(torch.equal(tensor, first[name]) for name, tensor in new_network(1).state_dict().items())
    other = new_network(1, seed=1).state_dict()
    assert not torch.equal(other["conv1.weight"], first["conv1.weight"])
