"""Do ranges, fades and keyframes show in the merged clip, and is only made anew what they touch?"""

from __future__ import annotations

import av
import numpy as np
import pytest

from understudy.errors import ProjectError
from understudy.merging import recipe
from understudy.phases import run, status
from understudy.progress import Silent
from understudy.project import load_project
from understudy.provenance.marking import FaceMark

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - source: red
    target: blue
    model: {use: pumping}
    merger: {use: overlay, with: {mask_blur_px: 0, color_transfer: none}}
    seed: 0LINES
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""
FRAMES = 24


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(int)


@pytest.fixture
def project(tmp_path, registry, drawn_clip, monkeypatch):
    """Give a function that writes a project with these lines of a swap, and loads it."""
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=FRAMES, hue=2, codec="ffv1", options={})

    def load(*lines, chunk=8):
        monkeypatch.setattr(recipe, "CHUNK_FRAMES", chunk)
        # the mark in the faces adds to the colours what their opacity hides
        monkeypatch.setattr(FaceMark, "laid", lambda self, layer, at, before, weights: layer)
        (tmp_path / "p.yaml").write_text(PROJECT.replace("LINES", "".join(f"\n    {line}" for line in lines)))
        return load_project(tmp_path / "p.yaml", registry)

    return load


@pytest.fixture
def merged(project):
    """Give a function that merges and returns the pictures."""

    def merge(*lines, chunk=8):
        (output,) = run(project(*lines, chunk=chunk), progress=Silent()).outputs
        return pictures(output)

    return merge


def test_opacity_is_how_much_of_the_merged_face_shows(merged, tmp_path):
    before, plain = pictures(tmp_path / "blue.mkv"), merged("steadiness: 0")
    half = merged("opacity: 0.5")
    apart = np.abs(half - (before + plain) / 2)  # what lies beyond the clip's colours is cut off once, not twice
    assert np.percentile(apart, 99) <= 1.5
    assert np.abs(plain - before).max() > 100
    fading = merged("fade_in: 8")
    full, part = (np.abs(found - before).sum(axis=(1, 2, 3))[:9] for found in (plain, fading))
    assert part / full == pytest.approx([0.0625, 0.1875, 0.3125, 0.4375, 0.5625, 0.6875, 0.8125, 0.9375, 1.0], abs=0.03)


def test_a_skip_leaves_its_frames_as_they_were_to_the_bit(merged, tmp_path):
    before, plain = pictures(tmp_path / "blue.mkv"), merged("steadiness: 0")
    found = merged("ranges: [{from: 10, to: 14, skip: true, fade_in: 2}]")
    is_before = [np.array_equal(*pair) for pair in zip(found, before, strict=True)]
    is_plain = [np.array_equal(*pair) for pair in zip(found, plain, strict=True)]
    assert is_before == [10 <= frame < 14 for frame in range(FRAMES)]
    assert is_plain == [not 10 <= frame < 16 for frame in range(FRAMES)]


def test_results_do_not_depend_on_where_chunks_begin(merged):
    lines = (
        "steadiness: 0.5",
        "fade_out: 9",
        "keyframes: [{at: 2, merger: {mask_blur_px: 0}}, {at: 21, merger: {mask_blur_px: 40}, opacity: 0.5}]",
        "ranges: [{from: 9, to: 12, skip: true, fade_out: 5}]",
    )
    assert np.array_equal(merged(*lines, chunk=8), merged(*lines, chunk=120))


def test_a_keyed_setting_goes_from_value_to_value(merged, tmp_path):
    before = pictures(tmp_path / "blue.mkv")
    found = merged("keyframes: [{at: 4, merger: {mask_blur_px: 0}}, {at: 20, merger: {mask_blur_px: 120}}]")
    changed = np.abs(found - before).sum(axis=(1, 2, 3))
    assert changed[4] > 1.2 * changed[12] > 1.4 * changed[20]


def test_only_chunks_that_a_change_touches_are_made_anew(merged, project, tmp_path):
    def done(*lines):
        return next(row.done for row in status(project(*lines)) if row.phase == "merge")

    merged()
    assert done("ranges: [{from: 2, to: 5, skip: true}]") == FRAMES - 8
    assert done("ranges: [{from: 6, to: 9, opacity: 0.5}]") == FRAMES - 16
    assert done("ranges: [{from: 6, to: 9, opacity: 1}]") == FRAMES  # which changes nothing
    assert done("ranges: [{from: 2, to: 5, face: {track: 0}, skip: true}]") == FRAMES - 8
    merged("ranges: [{from: 2, to: 5, skip: true}, {from: 18, to: 20, opacity: 0.5}]")
    assert done("ranges: [{from: 2, to: 5, skip: true}, {from: 18, to: 20, opacity: 0.4}]") == FRAMES - 8


def test_a_range_about_somebody_who_is_not_there_is_refused_before_training(project, tmp_path):
    with pytest.raises(ProjectError) as raised:
        run(project("ranges: [{from: 2, to: 5, face: {track: 9}, skip: true}]"), progress=Silent())
    assert "p.yaml:14:37: swaps.0.ranges.0.face: there is no track 9" in str(raised.value)
    other = project("face: {track: 1}", "ranges: [{from: 2, to: 5, face: {track: 0}, skip: true}]")
    with pytest.raises(ProjectError, match=r"\{track: 0\} is not among the faces that the swap changes"):
        run(other, progress=Silent())
