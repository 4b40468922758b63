"""Does a DFM file swap as the model does that it was written from, and is none kept that does not?"""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.models import dfm
from understudy.plugins import discover
from understudy.training.checkpoints import read_checkpoint
from understudy_sdk import FaceType
from understudy_sdk.testing.values import offline_cpu, plain_crop

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
SIZE = 64


@pytest.fixture
def trained(checkpoint):
    """Give the model in the checkpoint."""
    found = read_checkpoint(checkpoint)
    spec = discover().models[found.state.model]
    model = spec.build(spec.config.model_validate(found.state.settings), offline_cpu())
    model.load_weights(found.weights())
    return model


@pytest.mark.parametrize("options", [(), ("--half",), ("--opset", "17")], ids=["plain", "half", "opset 17"])
def test_the_player_of_such_files_swaps_as_the_model_does(options, run, checkpoint, trained, tmp_path):
    path = tmp_path / "face.dfm"
    done = run("model", "export-dfm", checkpoint, path, *options)
    assert f"{path}: {SIZE} px, whole_face, " in done.stdout
    spec = discover().models["dfm"]
    player = spec.build(spec.config(file=str(path), face_type="whole_face", batch_size=2), offline_cpu())
    crops = [plain_crop(50 + 50 * number, SIZE, FaceType.WHOLE_FACE, number) for number in range(3)]
    for ours, theirs in zip(trained.swap(crops), player.swap(crops), strict=True):
        for name in ("rgb", "source_mask", "target_mask"):
            np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=0, atol=1e-3, err_msg=name)
    assert np.ptp(trained.swap(crops)[0].rgb) > 0.05  # a flat picture would prove nothing


def test_the_file_has_the_form_that_its_players_know(run, checkpoint, tmp_path):
    path = tmp_path / "face.dfm"
    run("model", "export-dfm", checkpoint, path, "--author", "A. Nyone", "--licence", "for tests")
    model = onnx.load(str(path))

    def sides(value):
        return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]

    assert {one.name: sides(one) for one in model.graph.input} == {"in_face:0": ["batch", SIZE, SIZE, 3]}
    assert [(one.name, sides(one)) for one in model.graph.output] == [
        ("out_face_mask:0", ["batch", SIZE, SIZE, 1]),
        ("out_celeb_face:0", ["batch", SIZE, SIZE, 3]),
        ("out_celeb_face_mask:0", ["batch", SIZE, SIZE, 1]),
    ]
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 12)]
    known = {tensor.name for tensor in model.graph.initializer}
    weights = [name for node in model.graph.node if node.op_type == "Conv" for name in node.input[1:]]
    assert len(weights) > 20
    assert set(weights) <= known
    facts = {one.key: one.value for one in model.metadata_props}
    assert facts.pop("made_with").startswith("Understudy ")
    assert facts == {"face_type": "whole_face", "model": "saehd", "iterations": "1", "author": "A. Nyone",
                     "licence": "for tests"}  # fmt: skip


def test_half_is_about_half_as_large_and_convolutions_alone_change(run, checkpoint, tmp_path):
    whole, half = tmp_path / "whole.dfm", tmp_path / "half.dfm"
    run("model", "export-dfm", checkpoint, whole)
    run("model", "export-dfm", checkpoint, half, "--half")
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    graph = onnx.load(str(half)).graph
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    half_type, whole_type = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    used = {(node.op_type, kinds[name]) for node in graph.node if node.op_type in {"Conv", "Gemm", "MatMul"}
            for name in node.input if name in kinds}  # fmt: skip
    assert used == {("Conv", half_type), ("Gemm", whole_type)}


def test_a_file_that_does_not_swap_alike_is_not_kept(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(dfm, "_MOST_ERROR", 1e-12)
    path = tmp_path / "face.dfm"
    with pytest.raises(RequestError, match=r"off by .* of 1, where 1e-12 is the most; no file was kept"):
        dfm.export_dfm(checkpoint, path, discover())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(run, checkpoint, tmp_path):
    path = tmp_path / "face.dfm"
    path.write_text("mine")
    with pytest.raises(RequestError, match="nothing is written over"):
        run("model", "export-dfm", checkpoint, path)
    assert path.read_text() == "mine"


def test_what_is_missing_is_named_with_the_way_to_get_it(run, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RequestError, match=r'pip install "understudy\[export\]"'):
        run("model", "export-dfm", checkpoint, tmp_path / "face.dfm")


def test_a_model_of_which_there_are_no_such_files_is_refused(run, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("understudy_plugins.model.saehd.exchange.SAEHDExchange.player", lambda *_: None)
    with pytest.raises(RequestError, match="there are no DFM files of the model 'saehd'"):
        run("model", "export-dfm", checkpoint, tmp_path / "face.dfm")


def test_a_model_that_deepfacelab_has_not_is_refused(run, checkpoint, tmp_path):
    state = json.loads((checkpoint / "state.json").read_text())
    (tmp_path / "odd").mkdir()
    for name in ("weights.safetensors", "optimizer.safetensors"):
        (tmp_path / "odd" / name).hardlink_to(checkpoint / name)
    other = {**state, "model": "dfm", "settings": {"weights": "untrained"}}
    (tmp_path / "odd" / "state.json").write_text(json.dumps(other))
    with pytest.raises(RequestError, match="has no models of the model 'dfm'"):
        run("model", "export-dfm", tmp_path / "odd", tmp_path / "face.dfm")
