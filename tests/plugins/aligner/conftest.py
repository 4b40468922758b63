"""Weights and networks for tests of the FAN aligner."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import pytest


def recipe(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the tensor that the reference numbers were made with; it depends on its saved name and shape alone."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    kind, values = name.rpartition("/")[2], random.standard_normal(shape)
    inputs = int(np.prod(shape[:-1]))
    if kind == "weight:0":
        values = 0.5 * values * np.sqrt(2.0 / inputs) if len(shape) > 1 else 1 + 0.1 * values
    elif kind == "running_var:0":
        values = 1 + 0.1 * np.abs(values)
    else:
        values = values * {"bias:0": 0.05, "running_mean:0": 0.1}[kind]
    return values.astype(np.float32)


@pytest.fixture(scope="session")
def fan_shapes() -> Mapping[str, tuple[int, ...]]:
    """Give the shapes of a whole FAN's tensors by the network's names, but what counts the batches learnt from."""
    from understudy_plugins.aligner.fan.network import new_network

    return {name: tuple(tensor.shape) for name, tensor in new_network(4).state_dict().items() if tensor.ndim}


@pytest.fixture(scope="session")
def fan_arrays(fan_shapes) -> Mapping[str, np.ndarray]:
    """Give the weights of the reference numbers as DeepFaceLab saves them: by its names, kernels (h, w, in, out)."""
    from understudy_plugins.aligner.fan.weights import deepfacelab_name

    def saved(shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[2:], shape[1], shape[0]) if len(shape) == 4 else shape

    return {
        name: recipe(name, saved(shape)) for name, shape in ((deepfacelab_name(n), s) for n, s in fan_shapes.items())
    }


@pytest.fixture(scope="session")
def fan_state(fan_arrays, fan_shapes):
    """Give the same weights as a state dict by the network's names."""
    import torch

    from understudy_plugins.aligner.fan.weights import deepfacelab_name

    state = {}
    for name in fan_shapes:
        array = fan_arrays[deepfacelab_name(name)]
        array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
        state[name] = torch.from_numpy(np.ascontiguousarray(array))
    return state


@pytest.fixture(scope="session")
def fan_file(fan_state, tmp_path_factory):
    """Give a file of these weights as ``face-alignment`` publishes them, and its SHA-256."""
    import hashlib

    import torch

    path = tmp_path_factory.mktemp("fan") / "2DFAN4.pth.tar"
    torch.save(fan_state, path, _use_new_zipfile_serialization=False)
    with path.open("rb") as file:
        return path, hashlib.file_digest(file, "sha256").hexdigest()
