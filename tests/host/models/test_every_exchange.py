"""Does every stage that takes models over from DeepFaceLab get them back as it gave them, through files?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from understudy.models.dfl_folder import find_models, read_model, write_model
from understudy.models.dfm import DfmOptions, export_dfm
from understudy.models.exchangers import exchangers
from understudy.models.importing import import_dfl
from understudy.plugins import discover
from understudy.training.checkpoints import CheckpointState, fill_checkpoint, read_checkpoint
from understudy_sdk import ForeignModel, StageError
from understudy_sdk.testing.values import offline_cpu

REGISTRY = discover()
EXCHANGERS = exchangers(REGISTRY)
MODELS = [name for name, one in EXCHANGERS.items() if one.offer.stage == "model"]


def filled(tensors):
    """Return tensors of the same names and shapes, every number another; those without sides are kept."""
    generator = torch.Generator().manual_seed(1)
    return {name: value.clone() if value.ndim == 0 else torch.randn(value.shape, generator=generator).abs() / 8
            for name, value in tensors.items()}  # fmt: skip


def learnt(spec):
    """Return the tiny settings, and a model of these with numbers in it."""
    config = spec.tiny
    model = spec.build(config, offline_cpu())
    given = ForeignModel(config.model_dump(mode="json"), filled(model.weights()), filled(model.optimizer_state()), 5,
                         [(4.0, 3.0), (2.0, 1.0)])  # fmt: skip
    return config, given


@pytest.mark.slow  # two kinds have one size alone, which is a large one
@pytest.mark.parametrize("kind", EXCHANGERS)
def test_a_round_trip_through_files_is_exact(kind, tmp_path):
    one = EXCHANGERS[kind]
    spec = one.offer.spec
    config, given = learnt(spec)
    try:
        parts, data = one.exchange.write(config, given)
    except StageError:
        config = spec.config()  # DeepFaceLab has one size alone
        model = spec.build(config, offline_cpu())
        given = ForeignModel({}, model.weights(), filled(model.optimizer_state()), 5, [(2.0, 1.0)])
        parts, data = one.exchange.write(config, given)
    title = f"bob_{kind}" if one.is_named else kind
    write_model(tmp_path / "theirs", title, parts, data)
    (files,) = find_models(tmp_path / "theirs", EXCHANGERS)
    assert (files.title, files.class_name) == (title, kind)
    again = one.exchange.read(*read_model(files))
    assert again.step == 5
    for before, after in ((given.weights, again.weights), (given.optimizer_state, again.optimizer_state)):
        assert before.keys() == after.keys()
        for name, value in before.items():
            assert torch.equal(after[name], value), name
    done = import_dfl(tmp_path / "theirs", tmp_path / "ours", REGISTRY)
    assert (done.stage, done.use, done.step) == (one.offer.stage, spec.name, 5)
    kept = read_checkpoint(tmp_path / "ours").weights()
    assert all(np.array_equal(kept[name].numpy(), value.numpy()) for name, value in given.weights.items())


@pytest.mark.parametrize("is_half", [False, True], ids=["plain", "half"])
@pytest.mark.parametrize("kind", MODELS)
def test_every_model_becomes_a_dfm_that_swaps_alike(kind, is_half, tmp_path):
    pytest.importorskip("onnx", reason="the extra 'export' is not installed")
    spec = EXCHANGERS[kind].offer.spec
    model = spec.build(spec.tiny, offline_cpu())
    state = CheckpointState(step=5, losses={}, model=spec.name, settings=json.loads(spec.tiny.model_dump_json()))
    (tmp_path / "ours").mkdir()
    fill_checkpoint(tmp_path / "ours", state, model.weights(), model.optimizer_state())
    done = export_dfm(tmp_path / "ours", tmp_path / "face.dfm", REGISTRY, DfmOptions(is_half=is_half))
    assert done.error < (1e-3 if is_half else 1e-5)  # new biases are all alike, and stored once for all layers
    assert (done.size, done.face_type) == (model.crop_spec.size, str(model.crop_spec.face_type))
    assert done.has_morph == (kind == "AMP")
