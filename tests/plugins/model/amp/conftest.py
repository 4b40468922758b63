"""A small AMP with weights drawn by DeepFaceLab's names, and a batch for it."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch

from understudy_plugins.model.amp import AMPConfig
from understudy_plugins.model.amp.learner import Learner
from understudy_sdk.autoencoder.deepfacelab import to_weights
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.samples import Samples
from understudy_sdk.testing.values import offline_cpu

SIZES = {"resolution": 64, "ae_dims": 10, "inter_dims": 22, "e_dims": 4, "d_dims": 6, "d_mask_dims": 2}
"""All different, so that a mix-up shows."""


def names_and_shapes(resolution, ae_dims, inter_dims, e_dims, d_dims, d_mask_dims):
    """Return the arrays of DeepFaceLab's AMP by part, from its rule of naming: every layer's input and output."""
    code, inter, e, d, m, side = ae_dims, inter_dims, e_dims, d_dims, d_mask_dims, resolution // 32
    downs = [3, e, 2 * e, 4 * e, 8 * e, 8 * e]
    encoder = {f"down{i}/conv1": (5, 5, downs[i - 1], downs[i]) for i in range(1, 6)}
    encoder |= {f"res{i}/conv{k}": (3, 3, downs[i], downs[i]) for i in (1, 5) for k in (1, 2)}
    encoder["dense1"] = (8 * e * side * side, code)
    ups, mask_ups = [inter, 8 * d, 8 * d, 4 * d, 2 * d], [inter, 8 * m, 8 * m, 4 * m, 2 * m, m]
    decoder = {f"upscale{i}/conv1": (3, 3, ups[i], 4 * ups[i + 1]) for i in range(4)}
    decoder |= {f"res{i}/conv{k}": (3, 3, ups[i + 1], ups[i + 1]) for i in range(4) for k in (1, 2)}
    decoder |= {f"upscalem{i}/conv1": (3, 3, mask_ups[i], 4 * mask_ups[i + 1]) for i in range(5)}
    decoder |= {"out_conv": (1, 1, 2 * d, 3), "out_convm": (1, 1, m, 1)}
    decoder |= {f"out_conv{i}": (3, 3, 2 * d, 3) for i in (1, 2, 3)}
    spread = {"dense2": (code, side * side * inter)}
    parts = {"encoder": encoder, "inter_src": spread, "inter_dst": spread, "decoder": decoder}
    return {
        part: {
            f"{stem}/{kind}:0": shape if kind == "weight" else shape[-1:]
            for stem, shape in layers.items()
            for kind in ("weight", "bias")
        }
        for part, layers in parts.items()
    }


def drawn_array(name, shape):
    """Return pseudo-random weights that depend on nothing but the name; biases are not 0, so that each must be used."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    scale = np.sqrt(2.0 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1
    return (random.standard_normal(shape) * scale).astype(np.float32)


@pytest.fixture(scope="session")
def sizes():
    """Give the small model's sizes by DeepFaceLab's names."""
    return dict(SIZES)


@pytest.fixture(scope="session")
def shapes_of():
    """Give the function that names all arrays of a model of given sizes."""
    return names_and_shapes


@pytest.fixture(scope="session")
def arrays():
    """Give the small model's arrays by part and name, as DeepFaceLab's files hold them."""
    return {
        part: {name: drawn_array(f"{part}/{name}", shape) for name, shape in shapes.items()}
        for part, shapes in names_and_shapes(**SIZES).items()
    }


@pytest.fixture
def small_settings():
    """Give the small model's settings."""
    return {
        "resolution": SIZES["resolution"],
        "code_width": SIZES["ae_dims"],
        "inter_width": SIZES["inter_dims"],
        "encoder_width": SIZES["e_dims"],
        "decoder_width": SIZES["d_dims"],
        "mask_width": SIZES["d_mask_dims"],
        "batch_size": 2,
        "precision": "float32",
    }


@pytest.fixture
def new_learner(arrays, small_settings):
    """Give a function that builds the small model with those weights, ready to learn."""

    def build(**settings):
        config = AMPConfig(**small_settings, **settings)
        learner = Learner(config, Engine(config, offline_cpu()))
        learner.network.load_state_dict(to_weights(arrays))
        return learner

    return build


@pytest.fixture(scope="session")
def batch(golden):
    """Give two faces of either side: source, target."""
    with np.load(golden / "saehd" / "batch.npz") as stored:
        found = dict(stored)

    def picture(name):
        values = found[name]
        values = values[..., ::-1] if values.shape[-1] == 3 else values  # theirs are BGR
        return torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))

    return tuple(
        Samples(
            picture(f"warped_{side}"),
            Faces(picture(f"target_{side}"), picture(f"target_{side}m")),
            picture(f"target_{side}m_em"),
        )
        for side in ("src", "dst")
    )
