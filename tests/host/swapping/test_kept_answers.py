"""Does a model answer once for each face, and is a merge from what is kept the same as a fresh one?"""

from __future__ import annotations

import importlib

import pytest

from understudy.phases import clean, clean_plan, run, status
from understudy.progress import Silent
from understudy.project import load_project

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - {source: red, target: blue, model: {use: pumping}, merger: {use: overlay, with: {mask_blur_px: 8}}, steadiness: 0.5}
  - source: red
    target: blue
    face: {track: [0, 1, 2]}
    model: {use: pumping}
    merger: {use: overlay, with: {mask_erode_px: 30}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


class Listener(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def merged(tmp_path, registry, drawn_clip):
    """Give a function that merges and returns the output's bytes, what was said, and how often the model was asked."""
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=30, hue=2, codec="ffv1", options={}, without_face=(7,))
    (tmp_path / "p.yaml").write_text(PROJECT)

    def merge(*overrides):
        asked = importlib.import_module("pumping_stage").ASKED
        asked.clear()
        listener = Listener()
        run(load_project(tmp_path / "p.yaml", registry, overrides), progress=listener)
        return (tmp_path / "out.mkv").read_bytes(), "\n".join(listener.lines), len(asked)

    return merge


def kept(folder):
    return sorted((folder / "p.work" / "predict").glob("*/frames-*.safetensors"))


def test_other_merger_settings_ask_no_model_and_give_what_a_fresh_run_gives(merged, tmp_path):
    _, said, asked = merged()
    assert asked == 2 * 29
    assert "no network runs" not in said
    other = ("swaps.0.merger.with.mask_blur_px=20", "swaps.0.steadiness=0.9", "output.video.pixel_format=gbrp10le")
    from_kept, said, asked = merged(*other)
    assert asked == 0
    assert "all answers of the model are kept, so no network runs" in said
    for path in kept(tmp_path):
        path.unlink()
    for path in (tmp_path / "p.work" / "merge").glob("*/*"):
        path.unlink()
    fresh, _, asked = merged(*other)
    assert (asked, fresh == from_kept) == (2 * 29, True)


def test_a_damaged_file_is_named_and_made_anew(merged, tmp_path):
    merged()
    victim = kept(tmp_path)[1]
    content = bytearray(victim.read_bytes())
    content[-9] ^= 1
    victim.write_bytes(content)
    _, said, asked = merged("swaps.0.merger.with.mask_blur_px=20")
    assert f"{victim} is damaged; what it held is predicted again" in said
    assert asked == 12


def test_only_where_faces_went_is_predicted_anew(merged, tmp_path):
    merged()
    before = kept(tmp_path)
    (picture,) = (tmp_path / "p.work" / "extract").glob("blue-*/faces/*_0000013_0.png")
    picture.unlink()
    _, _, asked = merged()
    assert asked == 2 * 11  # of frames 12 to 23
    assert len(kept(tmp_path)) == len(before)
    assert len({*kept(tmp_path)} - {*before}) == 2


def test_status_and_clean_know_of_answers(merged, tmp_path, registry):
    project = load_project(tmp_path / "p.yaml", registry)
    run(project, phases=("extract",), progress=Silent())
    rows = [row for row in status(project) if row.phase == "predict"]
    assert [(row.state, row.done, row.total) for row in rows] == [("missing", 0, 29)] * 2
    merged()
    rows = [row for row in status(project) if row.phase == "predict"]
    assert [(row.state, row.done, row.total) for row in rows] == [("done", 29, 29)] * 2
    assert clean_plan(load_project(tmp_path / "p.yaml", registry, ["swaps.0.steadiness=0.1"]))[0].path.parent.name == (
        "merge"
    )
    other = load_project(tmp_path / "p.yaml", registry, ["swaps.0.model.use=mirror"])
    (row,) = (row for row in status(other) if row.phase == "predict" and row.state != "done")
    assert (row.state, row.why) == ("stale", "model.from, model.name")
    plan = [garbage for garbage in clean_plan(other) if garbage.path.parent.name == "predict"]
    assert [garbage.why for garbage in plan] == ["made with other training, model or faces"]
    clean(other, plan)
    assert len(kept(tmp_path)) == 3
