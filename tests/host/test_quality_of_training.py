"""Is a training measured on the way, filmed, and are its measures in the report?"""

import json
import sys

import pytest

from understudy.cli import main
from understudy.learning import swap_artifact
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.quality.measuring import MEASURES
from understudy.quality.records import read_quality
from understudy.report import gather, write_report
from understudy.store import WorkFolder
from understudy.training.timelapse import previews_of

PROJECT = """
understudy: 1
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  crop_size: 64
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    model:
      use: quick96
      with: {batch_size: 2, precision: float32, TINY}
      iterations: 4
      schedule: [{after: 3, set: {batch_size: 1}}]
      training: {hold_out: 0.1, measure_every: 2, preview_every: 2, snapshot_every: 4}
    merger: {use: overlay}
"""


class Listener(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def project(tmp_path, drawn_clip, square_plugin, monkeypatch):
    """Give a project of drawn squares whose training is done."""
    monkeypatch.syspath_prepend(str(square_plugin))
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    words = ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")
    drawn_clip(tmp_path / "red.mkv", frames=20, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=100, hue=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT.replace("TINY", words))
    project = load_project(path, discover())
    run(project, phases=("extract", "train"), progress=Silent())
    return project


@pytest.mark.slow
def test_a_training_is_measured_filmed_and_reported(project, tmp_path, monkeypatch, capsys):
    folder = swap_artifact(WorkFolder(project.work), project.swaps[0]).folder
    table = read_quality(folder)
    assert table.steps.tolist() == [2, 4]
    minutes = table.losses("minutes")
    assert 0.0 < minutes[0] < minutes[1]
    assert set(table.names) == {"minutes", *MEASURES}
    assert (folder / "timelapse.mp4").stat().st_size > 1000
    assert list(previews_of(folder)) == [1, 2, 4]

    listener = Listener()
    (training,) = gather(project, listener).trainings
    assert [line for line in listener.lines if line.startswith("measuring step 4")]
    assert [record["step"] for record in training.measured] == [2, 4]
    assert training.minutes == minutes[1]
    assert [(change.after, change.settings) for change in training.changes] == [(3, {"batch_size": 1})]
    assert (training.snapshots, training.best) == ((4,), 4) or training.best == 2
    result = training.result
    assert (result.step, result.is_held_out, result.faces) == (4, True, 10)
    for name, value in result.measures.items():  # the same ten faces, by the same model
        assert value == pytest.approx(table.losses(name)[1], abs=1e-4), name

    listener.lines.clear()
    (again,) = gather(project, listener).trainings
    assert again.result == result
    assert not [line for line in listener.lines if line.startswith("measuring")]

    page = write_report(project, Silent(), tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("Perceptual similarity (HaarPSI) over the minutes", "Landmark error of the swap over the steps"):
        assert f'aria-label="{words}' in page
    assert "that the model never learnt from" in page
    assert "batch_size 1" in page

    film = tmp_path / "film.mp4"
    monkeypatch.setattr(sys, "argv", ["understudy", "model", "timelapse", str(project.path), "--out", str(film)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert (stop.value.code, capsys.readouterr().out) == (0, f"{film}\n")
    assert film.stat().st_size > 1000

    monkeypatch.setattr(sys, "argv", ["understudy", "report", str(project.path), "--json"])
    with pytest.raises(SystemExit):
        main()
    (told,) = json.loads(capsys.readouterr().out)["trainings"]
    assert told["result"]["measures"] == result.measures
    assert told["measured"][1]["haarpsi_target"] == result.measures["haarpsi_target"]


def test_a_model_that_needs_no_training_is_measured_by_its_swaps(tmp_path, drawn_clip, square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=4, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=70, hue=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    head, _, rest = PROJECT.partition("    model:\n")
    path.write_text(head + "    model: {use: mirror}\n    merger" + rest.partition("    merger")[2])
    project = load_project(path, discover())
    run(project, phases=("extract",), progress=Silent())
    listener = Listener()
    (model,) = gather(project, listener).trainings
    assert (model.step, model.iterations, model.losses) == (0, 0, {})
    result = model.result
    assert (result.step, result.is_held_out, result.faces) == (0, False, 40)
    assert {"flicker", "expression"} <= result.measures.keys()
    assert not {"score", "haarpsi_source", "mask_iou"} & result.measures.keys()
    listener.lines.clear()
    assert gather(project, listener).trainings == (model,)
    assert not [line for line in listener.lines if line.startswith("measuring")]
    page = write_report(project, Silent(), tmp_path / "page.html").read_text(encoding="utf-8")
    assert "mirror, which needs no training" in page
    assert "which ones the model has learnt from is not known" in page
