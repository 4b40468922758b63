"""Do the commands take models over and hand them back, and say what stands in the way?"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from ruamel.yaml import YAML
from safetensors.numpy import load_file

from understudy.errors import RequestError, UnknownPluginError
from understudy.learning import swap_artifact
from understudy.models.learnt import find_learnt
from understudy.plugins import discover
from understudy.project import load_project
from understudy.store import WorkFolder
from understudy.training.history import LossHistory, read_losses


@pytest.fixture
def folder(golden, tmp_path):
    """Give a folder with two models of theirs."""
    both = tmp_path / "model"
    both.mkdir()
    for archi, name in (("df-udt", "anna"), ("liae-ud", "bob")):
        for path in (golden / "saehd" / archi).glob("tiny_SAEHD_*"):
            shutil.copyfile(path, both / path.name.replace("tiny", name))
    return both


def test_of_several_models_one_must_be_named(run, folder, tmp_path):
    with pytest.raises(RequestError, match=r"several models lie .*\n    anna, SAEHD\n    bob, SAEHD\n  choose one"):
        run("model", "import-dfl", folder, tmp_path / "out")
    with pytest.raises(RequestError, match="no such model lies"):
        run("model", "import-dfl", folder, tmp_path / "out", "--name", "eve")
    done = json.loads(run("model", "import-dfl", folder, tmp_path / "out", "--name", "bob", "--kind", "saehd",
                          "--json").stdout)  # fmt: skip
    assert (done["title"], done["use"], done["step"], done["iterations"]) == ("bob_SAEHD", "saehd", 1, 50_001)
    assert done["settings"].items() >= {"resolution": 64, "face_type": "whole_face", "code_width": 14}.items()
    with pytest.raises(RequestError, match="out is there already; nothing is written over"):
        run("model", "import-dfl", folder, tmp_path / "out", "--name", "anna")


def test_a_round_trip_keeps_weights_means_steps_and_losses(run, checkpoint, tmp_path):
    ours = tmp_path / "ours"
    shutil.copytree(checkpoint, ours)
    state = json.loads((ours / "state.json").read_text())
    (ours / "state.json").write_text(json.dumps({**state, "step": 3}))
    with LossHistory(ours / "losses.jsonl") as history:
        history.add(2, {"source": 0.5, "target": 0.25})
        history.add(3, {"source": float("nan"), "target": 0.125})
    run("model", "export-dfl", ours, tmp_path / "theirs", "--name", "cara")
    run("model", "import-dfl", tmp_path / "theirs", tmp_path / "again")
    for name in ("weights.safetensors", "optimizer.safetensors"):
        before, after = load_file(ours / name), load_file(tmp_path / "again" / name)
        assert before.keys() == after.keys()
        for key in before:
            np.testing.assert_array_equal(before[key], after[key], err_msg=key)
    table = read_losses(tmp_path / "again" / "losses.jsonl")
    np.testing.assert_array_equal(table.steps, [1, 2, 3])
    np.testing.assert_array_equal(table.losses("source"), [1.0, 0.5, np.nan])
    np.testing.assert_array_equal(table.losses("target"), [1.0, 0.25, 0.125])
    states = [json.loads((where / "state.json").read_text()) for where in (ours, tmp_path / "again")]
    assert states[0]["settings"] == states[1]["settings"]
    assert states[1]["step"] == 3


def test_losses_with_a_gap_are_taken_from_behind_it(checkpoint, tmp_path):
    ours = tmp_path / "ours"
    shutil.copytree(checkpoint, ours)
    (ours / "losses.jsonl").unlink()
    state = json.loads((ours / "state.json").read_text())
    (ours / "state.json").write_text(json.dumps({**state, "step": 9}))
    with LossHistory(ours / "losses.jsonl") as history:
        for step in (1, 2, 8, 9, 10):
            history.add(step, {"source": float(step), "target": 0.0})
    assert find_learnt(ours, discover()).as_foreign().losses == [(8.0, 0.0), (9.0, 0.0)]


def test_what_is_no_checkpoint_is_refused(run, checkpoint, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match=r"no whole checkpoint: state\.json is missing"):
        run("model", "export-dfl", tmp_path / "empty", tmp_path / "out")
    cut = tmp_path / "cut"
    shutil.copytree(checkpoint, cut)
    (cut / "weights.safetensors").write_bytes((cut / "weights.safetensors").read_bytes()[:-7])
    with pytest.raises(RequestError, match=r"no whole checkpoint: weights\.safetensors has \d+ bytes instead of"):
        run("model", "export-dfl", cut, tmp_path / "out")
    with pytest.raises(RequestError, match="has no swaps"):
        run("model", "export-dfl", checkpoint, tmp_path / "out", "--swap", "1")
    with pytest.raises(RequestError, match="cannot be a model's name there"):
        run("model", "export-dfl", checkpoint, tmp_path / "out", "--name", "a_b")
    odd = tmp_path / "odd"
    shutil.copytree(checkpoint, odd)
    state = json.loads((odd / "state.json").read_text())
    (odd / "state.json").write_text(json.dumps({**state, "model": "unheard_of"}))
    with pytest.raises(UnknownPluginError, match="no model is called 'unheard_of'"):
        run("model", "export-dfl", odd, tmp_path / "out")
    (odd / "state.json").write_text(json.dumps({**state, "settings": {"code_width": 1, "speed": 2}}))
    with pytest.raises(RequestError, match=r"does not take any more: .*code_width.*speed"):
        run("model", "export-dfl", odd, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_printed_can_be_pasted_into_a_project(run, folder, drawn_clip, tmp_path):
    printed = run("model", "import-dfl", folder, tmp_path / "ours", "--name", "anna").stdout
    model = YAML(typ="safe").load(printed.partition("\n")[2])["model"]
    assert model["start_from"] == str(tmp_path / "ours")
    for name in ("anna", "scene"):
        drawn_clip(tmp_path / f"{name}.mp4", frames=2)
    swap = {"source": "anna", "target": "scene", "model": model, "merger": {"use": "overlay"}}
    project = YAML(typ="safe").load(PROJECT) | {"swaps": [swap]}
    (tmp_path / "project.yaml").write_text(json.dumps(project))
    (chosen,) = load_project(tmp_path / "project.yaml", discover()).swaps
    assert (chosen.iterations, chosen.start_from) == (50_001, tmp_path / "ours")
    state = json.loads((tmp_path / "ours" / "state.json").read_text())
    assert chosen.model.config.model_dump(mode="json") == state["settings"]


PROJECT = """\
understudy: 1
consent: {basis: synthetic, statement: drawn by the tests}
extract: {detector: {use: s3fd}, aligner: {use: fan}, masker: {use: hull}}
facesets:
  anna: {clips: [anna.mp4]}
  scene: {clips: [scene.mp4]}
swaps:
  - {source: anna, target: scene, model: {use: quick96, iterations: 10}, merger: {use: overlay}}
  - source: anna
    target: scene
    face: largest
    model: {use: saehd, iterations: 10, with: {resolution: 64, archi: df-udt, code_width: 12, encoder_width: 4,
            decoder_width: 4, mask_width: 2, face_type: whole_face}}
    merger: {use: overlay}
"""


def test_a_project_means_the_newest_checkpoint_of_the_swap_that_is_named(run, checkpoint, drawn_clip, tmp_path):
    onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
    for name in ("anna", "scene"):
        drawn_clip(tmp_path / f"{name}.mp4", frames=2)
    path = tmp_path / "project.yaml"
    path.write_text(PROJECT)
    with pytest.raises(
        RequestError, match=r"several swaps .*\n    1: anna on scene, quick96\n    2: anna on scene, saehd"
    ):
        run("model", "export-dfl", path, tmp_path / "out")
    with pytest.raises(RequestError, match=r"swap 3 of project\.yaml has no model that learns"):
        run("model", "export-dfl", path, tmp_path / "out", "--swap", "3")
    with pytest.raises(RequestError, match="was not trained yet"):
        run("model", "export-dfl", path, tmp_path / "out", "--swap", "2")
    project = load_project(path, discover())
    artifact = swap_artifact(WorkFolder(project.work), project.swaps[1])
    shutil.copytree(checkpoint, artifact.prepare() / "step-00000001")
    done = run("model", "export-dfl", path, tmp_path / "out", "--swap", "2")
    assert "anna-to-scene_SAEHD_encoder.npy" in done.stdout
    run("model", "export-dfm", path, tmp_path / "anna.dfm", "--swap", "2")
    facts = {one.key: one.value for one in onnx.load(str(tmp_path / "anna.dfm")).metadata_props}
    assert facts["consent"] == "synthetic: drawn by the tests"
