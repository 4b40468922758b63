"""Can a person follow, stop, look through and roll back a training from the command line?"""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from understudy.cli import main
from understudy.errors import StoreError
from understudy.learning import swap_artifact
from understudy.lock import locked
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.store import WorkFolder
from understudy.training import Checkpoints, read_losses, snapshots_of, timelapse

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  crop_size: 128
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    model: {use: saehd, with: {SETTINGS}, iterations: 6, training: {measure_every: 0, snapshot_every: 2}}
    merger: {use: overlay}
output:
  path: out/blue.mkv
  video: {codec: ffv1, crf: null, preset: null}
"""


@pytest.fixture
def cli(monkeypatch, capsys):
    """Give a runner of commands: exit code, stdout, stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=stop.value.code, out=out, err=err)

    return call


@pytest.fixture
def settings():
    tiny = discover().models["saehd"].tiny.model_dump(mode="json", exclude_defaults=True)
    return {**tiny, "gan_power": 0.0, "face_type": "full"}


@pytest.fixture
def project(tmp_path, drawn_clip, square_plugin, monkeypatch, settings):
    """Give a project file whose faces are extracted."""
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=5, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=5, hue=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT.replace("{SETTINGS}", json.dumps(settings)))
    run(load_project(path, discover()), phases=("extract",), progress=Silent())
    return path


def folder_of(project, *overrides):
    loaded = load_project(project, discover(), overrides)
    return swap_artifact(WorkFolder(loaded.work), loaded.swaps[0]).folder


@pytest.mark.slow
def test_a_training_is_followed_stopped_listed_and_rolled_back(cli, project):
    folder = folder_of(project)
    assert cli("model", "list", project, "--json").out == "[]\n"
    assert "nothing was trained yet" in cli("model", "show", project).err
    with locked(folder, "training"):
        refused = cli("train", project)
    assert (refused.code, "is in use: process" in refused.err, "is training" in refused.err) == (1, True, True)

    done = cli("train", project, "--for", "1s", "--set", "swaps.0.model.iterations=100000")
    assert done.code == 0
    newest = Checkpoints(folder).peek()
    assert f"the time given is over: step {newest.step} of 100000 is saved in {folder}" in done.err
    assert newest.settings["resolution"] == 64
    assert cli("train", project, "--for", "soon").code == 2

    run(load_project(project, discover(), [f"swaps.0.model.iterations={newest.step + 4}"]), phases=("train",),
        progress=Silent())  # fmt: skip
    rows = json.loads(cli("model", "list", project, "--json").out)
    assert {row["step"] for row in rows} >= set(snapshots_of(folder).steps())
    assert [row["step"] for row in rows if row["is_best"]] == [snapshots_of(folder).steps()[-1]]
    assert "best" in cli("model", "list", project).out

    step = snapshots_of(folder).steps()[0]
    shown = json.loads(cli("model", "show", project, "--step", step, "--json").out)
    assert (shown["state"]["step"], shown["state"]["batch_size"], shown["fault"]) == (step, 2, "")
    assert "SHA-256" in cli("model", "show", project).out
    refused = cli("model", "rollback", project, "--to", 999_999)
    assert (refused.code, "nothing is kept of step 999999" in refused.err) == (2, True)
    back = cli("model", "rollback", project, "--to", step)
    assert (back.code, "set-aside" in back.err) == (0, True)
    assert Checkpoints(folder).peek().step == step

    unknown = cli("merge", project, "--set", "swaps.0.model.use_step=999999")
    assert (unknown.code, "no checkpoint or snapshot of that step" in unknown.err) == (2, True)
    chosen = cli("merge", project, "--set", f"swaps.0.model.use_step={step}")
    assert (chosen.code, chosen.out.strip().endswith("blue.mkv")) == (0, True)


def test_a_film_that_fails_does_not_hide_that_the_training_was_done(cli, project, monkeypatch):
    def full_disk(folder):
        raise StoreError("the film cannot be written")

    monkeypatch.setattr(timelapse, "write_timelapse", full_disk)
    done = cli("train", project, "--set", "swaps.0.model.iterations=1")
    assert (done.code, "the film cannot be written" in done.err) == (0, True)


@pytest.mark.slow
def test_torchrun_trains_a_project_as_one_process_does(project, square_plugin):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "understudy", "train", str(project), "--set", "swaps.0.model.iterations=3"]
    paths = os.pathsep.join([str(square_plugin), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("3 of 3 steps") == 1  # one process speaks for all
    folder = folder_of(project)
    together = [losses for _, losses in read_losses(folder / "losses.jsonl").rows(9)]
    folder.rename(folder.with_name("together"))
    run(load_project(project, discover(), ["swaps.0.model.iterations=3"]), phases=("train",), progress=Silent())
    alone = [losses for _, losses in read_losses(folder / "losses.jsonl").rows(9)]
    assert len(alone) == 3
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


@pytest.mark.slow
def test_a_pretraining_on_one_faceset_begins_another_training(cli, project, tmp_path):
    own = ["--set", "swaps.0.source=red", "--set", "swaps.0.target=red", "--set", "swaps.0.model.with.pretrain=true"]
    assert cli("train", project, *own).code == 0
    pretrained = Checkpoints(folder_of(project, *own[1::2])).newest(pytest.fail)
    start = f"swaps.0.model.start_from={pretrained.path}"

    refused = cli("train", project, "--set", start, "--set", "swaps.0.model.with.code_width=16")
    assert refused.code == 2
    assert "code_width is 16 here, but 8 in the checkpoint of start_from" in refused.err

    begun = (start, "swaps.0.model.keep_steps=false", "swaps.0.model.iterations=1",
             "swaps.0.model.with.learning_rate=1e-9")  # fmt: skip
    assert cli("train", project, *(part for text in begun for part in ("--set", text))).code == 0
    first = Checkpoints(folder_of(project, *begun)).newest(pytest.fail)
    assert first.state.step == 1
    before, after = pretrained.weights(), first.weights()
    changed = {name.partition(".")[0] for name in before if (before[name] - after[name]).abs().max() > 1e-4}
    assert changed == {"inter_AB", "inter_B"}  # what keeps people apart begins anew, all else goes on
