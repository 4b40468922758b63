"""The reference's small models, its batch, and its pseudo-random weights."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
import torch

from understudy_plugins.model.saehd import SAEHDConfig
from understudy_plugins.model.saehd.learner import Learner
from understudy_sdk.autoencoder.deepfacelab import to_weights
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.samples import Samples
from understudy_sdk.foreign import read_arrays
from understudy_sdk.testing.values import offline_cpu

WIDTHS = {"liae-ud": (14, 6, 6, 4), "df-udt": (12, 4, 4, 2)}


def recipe(name, shape):
    """Return the weights that the reference's discriminators had, from their names alone."""
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)
    drawn = random.standard_normal(tuple(shape))
    scale = np.sqrt(2.0 / np.prod(shape[:-1])) if name.endswith("weight:0") else 0.05
    return (drawn * scale).astype(np.float32)


@pytest.fixture(scope="session")
def stored(golden):
    """Give a function that reads a file of the reference's numbers."""

    def read(name):
        path = golden / "saehd" / name
        if path.suffix == ".json":
            return json.loads(path.read_text())
        with np.load(path) as arrays:
            return dict(arrays)

    return read


@pytest.fixture(scope="session")
def batch(stored):
    """Give the reference's samples of both sides: source, target."""
    arrays = stored("batch.npz")

    def picture(name):
        values = arrays[name]
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


@pytest.fixture(scope="session")
def saved_weights(golden):
    """Give a function that reads a model's saved files into weights by our names."""

    def read(archi):
        files = (golden / "saehd" / archi).glob("tiny_SAEHD_*.npy")
        return to_weights({path.stem.removeprefix("tiny_SAEHD_"): read_arrays(path) for path in files})

    return read


@pytest.fixture
def new_learner(saved_weights):
    """Give a function that builds a saved model, ready to learn on."""

    def build(archi, **settings):
        code, encoder, decoder, mask = WIDTHS[archi]
        config = SAEHDConfig(
            resolution=64,
            archi=archi,
            code_width=code,
            encoder_width=encoder,
            decoder_width=decoder,
            mask_width=mask,
            precision="float32",
            **settings,
        )
        learner = Learner(config, Engine(config, offline_cpu()))
        learner.network.load_state_dict(saved_weights(archi))
        for adversary in learner.adversaries.values():
            for name, weight in adversary.network.named_parameters():
                put_recipe(name, weight)
        return learner

    return build


def put_recipe(name, weight):
    from understudy_sdk.autoencoder.deepfacelab import to_array, to_weight

    theirs = name.replace(".", "/") + ":0"
    shape = to_array(f"judge.{name}", weight).shape
    with torch.no_grad():
        weight.copy_(to_weight(f"judge.{name}", recipe(theirs, shape)))
