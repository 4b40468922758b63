"""Are chosen frames those of the merge, for every variant, and is the output left alone?"""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from understudy.cli import app
from understudy.errors import RequestError
from understudy.phases import run
from understudy.pictures import decode_picture
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.provenance.verdict import verify
from understudy.tuning import rendered_frames, variants_of
from understudy.video import ClipReader

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - {source: red, target: blue, model: {use: mirror}, merger: {use: overlay, with: {mask_blur_px: 8}}, steadiness: 0.5}
output: {path: out.mkv, label: SYNTHETIC, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture
def path(tmp_path, square_plugin, drawn_clip, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=30, hue=2, codec="ffv1", options={}, without_face=(7,))
    (tmp_path / "p.yaml").write_text(PROJECT)
    run(load_project(tmp_path / "p.yaml", discover()), phases=("extract",), progress=Silent())
    return tmp_path / "p.yaml"


def test_a_rendered_frame_is_the_merged_one(path, tmp_path):
    project = load_project(path, discover())
    found = list(rendered_frames(project, [20, 6, 7, 8], Silent()))
    assert not (tmp_path / "out.mkv").exists()
    assert [frame.index for frame in found] == [6, 7, 8, 20]
    assert [len(frame.laid) for frame in found] == [1, 0, 1, 1]
    assert found[3].timecode == "00:00:00:20"
    assert len(list(tmp_path.glob("p.work/predict/*/frames-*"))) == 2  # of frames 0 to 11 and 12 to 23
    run(project, progress=Silent())
    with ClipReader(tmp_path / "blue.mkv") as clip, ClipReader(tmp_path / "out.mkv") as merged:
        before, after = ([frame.frame().rgb for frame in reader.frames()] for reader in (clip, merged))
    for frame in found:
        assert np.array_equal(frame.before, before[frame.index])
        assert np.array_equal(frame.after, after[frame.index])


def test_variants_are_all_combinations_and_say_what_they_are(path):
    found = variants_of(path, ["merger.with.mask_blur_px=4,20", "swaps.0.merger.use=overlay,raw"], ["output.label=X"])
    assert [variant.words for variant in found][1:3] == [
        "mask_blur_px=4, swaps.0.merger.use=raw",
        "mask_blur_px=20, swaps.0.merger.use=overlay",
    ]
    assert [variant.project.swaps[0].merger.config.mask_blur_px for variant in found] == [4, 4, 20, 20]
    assert [variant.project.swaps[0].merger.name for variant in found] == ["overlay", "raw"] * 2
    assert {variant.project.output.label for variant in found} == {"X"}
    with pytest.raises(RequestError, match="write a key and its values"):
        variants_of(path, ["merger.with.mask_blur_px"])
    with pytest.raises(RequestError, match="asks for 27 combinations"):
        variants_of(path, ["a=1,2,3", "b=1,2,3", "c=[1,2],2,3"])


def test_the_command_writes_a_signed_sheet_and_signed_frames(path, tmp_path):
    words = [
        "merge",
        str(path),
        "--frames",
        "3,12-13",
        "--sheet",
        str(tmp_path / "s.png"),
        "--out",
        str(tmp_path / "o"),
    ]
    done = CliRunner().invoke(app, [*words, "--variants", "merger.with.mask_blur_px=4,20"])
    assert done.exit_code == 0, done.output
    names = sorted(file.name for file in (tmp_path / "o").iterdir())
    assert names == sorted(f"blue-00000{at}-mask_blur_px={px}.png" for at in ("03", "12", "13") for px in (4, 20))
    for file in (tmp_path / "s.png", tmp_path / "o" / names[0]):
        assert verify(file).manifest.is_valid
    assert decode_picture((tmp_path / "o" / names[0]).read_bytes(), "x").shape == (120, 160, 3)
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--sheet", "x.png"], "add --frames"),
        (["--frames", "3"], "--sheet FILE or --out FOLDER"),
        (["--frames", "3", "--sheet", "x.gif"], "ends in .jpeg, .jpg, .png"),
        (["--frames", "3", "--sheet", "x.png", "--clip", "none"], "no swap of p.yaml is about none"),
        (["--frames", "3", "--sheet", "x.png", "--set", "consent=null"], "states no consent"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(path, words, found):
    done = CliRunner().invoke(app, ["merge", str(path), *words])
    assert done.exit_code != 0
    assert found in f"{done.output} {done.exception}"
