"""Do colours and movement reach the merger, alike however a clip is cut into chunks?"""

from __future__ import annotations

import shutil

import av
import numpy as np
import pytest

from understudy.merging import recipe
from understudy.phases import run, status
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
  - source: red
    target: blue
    model: {use: pumping}
    merger: {use: overlay, with: {mask_erode_px: 2, mask_blur_px: 8, color_transfer: TRANSFER, motion_blur: BLUR}}
    steady_colors: STEADY
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture
def merged(tmp_path, registry, drawn_clip, monkeypatch):
    """Give a function that merges a clip and returns its pictures."""
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=14, hue=2, codec="ffv1", options={})

    def merge(steady, blur=0, transfer="rct", chunk=120):
        monkeypatch.setattr(recipe, "CHUNK_FRAMES", chunk)
        text = PROJECT.replace("STEADY", str(steady)).replace("BLUR", str(blur)).replace("TRANSFER", transfer)
        (tmp_path / "p.yaml").write_text(text)
        shutil.rmtree(tmp_path / "p.work", ignore_errors=True)
        (output,) = run(load_project(tmp_path / "p.yaml", registry), progress=Silent()).outputs
        with av.open(str(output)) as container:
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])

    return merge


def test_chunk_borders_leave_no_trace(merged):
    whole = merged(0.9, blur=60)
    assert np.array_equal(merged(0.9, blur=60, chunk=5), whole)
    assert not np.array_equal(merged(0.9), whole)  # the movement has reached the merger


def test_movement_is_seen_across_chunk_borders_where_nothing_is_steadied(merged):
    assert np.array_equal(merged(0, blur=60, chunk=5), merged(0, blur=60))


def test_steady_colors_need_a_new_merge(merged, tmp_path, registry):
    plain = merged(0)
    changed = load_project(tmp_path / "p.yaml", registry, ["swaps.0.steady_colors=0.5"])
    (row,) = (row for row in status(changed) if row.phase == "merge")
    assert (row.state, row.why) == ("stale", "swaps.0.steady_colors")
    assert not np.array_equal(merged(0.5), plain)
