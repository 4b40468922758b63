"""Does a plugin that answers wrongly in the middle of a run stop it in words, with the work done kept?"""

from __future__ import annotations

import sys

import pytest

from understudy.errors import PluginFailedError
from understudy.extraction import finding
from understudy.merging import recipe
from understudy.phases import run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project

WRONG_PLUGIN = '''
"""Stages that are right until ``wrong`` names one of them; then they are wrong from frame 12 on."""
import numpy as np
from understudy_sdk import CropSpec, FaceType, Layer, Mask, StageConfig, StageSpec, Swap, hookimpl
from square_stage import Mirror, Square, SquareConfig

wrong, calls = [], dict.fromkeys(("detector", "aligner", "masker", "model", "merger"), 0)

class Finder(Square):
    def detect(self, frames):
        calls["detector"] += len(frames)
        found = super().detect(frames)
        return found[:-1] if "detector" in wrong and frames[-1].pts >= 480 else found
    def align(self, frames, faces):
        calls["aligner"] += len(frames)
        placed = super().align(frames, faces)
        return faces if "aligner" in wrong and frames[-1].pts >= 480 else placed

class Whole:
    def mask(self, crops):
        calls["masker"] += len(crops)
        if "masker" in wrong and crops[0].at.frame >= 12:
            return [np.ones((8, 8)) for _ in crops]
        return [Mask(np.ones((crop.size, crop.size), np.float32)) for crop in crops]

class Model(Mirror):
    def swap(self, crops):
        calls["model"] += len(crops)
        if "model" in wrong and calls["model"] > 12:
            return [Swap(np.zeros((64, 64), np.float32)) for _ in crops]
        return super().swap(crops)

class Merger:
    def merge(self, region, swap, crop, mask):
        calls["merger"] += 1
        cut = 1 if "merger" in wrong and calls["merger"] > 12 else 0
        shape = region.rgb.shape[0] - cut, region.rgb.shape[1]
        return Layer(np.ones((*shape, 3), np.float32), np.zeros(shape, np.float32))

def offer(build, **facts):
    return StageSpec(name="faulty", summary="", config=SquareConfig, tiny=SquareConfig(), build=build, **facts)

@hookimpl
def understudy_detectors():
    yield offer(lambda config, resources: Finder(config))

@hookimpl
def understudy_aligners():
    yield offer(lambda config, resources: Finder(config))

@hookimpl
def understudy_maskers():
    yield offer(lambda config, resources: Whole())

@hookimpl
def understudy_models():
    yield offer(lambda config, resources: Model())

@hookimpl
def understudy_mergers():
    yield offer(lambda config, resources: Merger())
'''

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}}
extract: {detector: {use: faulty}, aligner: {use: faulty}, masker: {use: faulty}, crop_size: 96}
swaps:
  - {source: red, target: red, face: all, model: {use: faulty}, merger: {use: faulty}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture
def stages(tmp_path, monkeypatch, square_plugin, install):
    monkeypatch.syspath_prepend(str(square_plugin))
    install("faulty_stages", WRONG_PLUGIN, distribution="acme-face")
    monkeypatch.setattr(finding, "CHUNK_FRAMES", 8)
    monkeypatch.setattr(recipe, "CHUNK_FRAMES", 8)
    sys.modules.pop("faulty_stages", None)
    discover()
    return sys.modules["faulty_stages"]


@pytest.mark.parametrize(
    ("stage", "at", "said"),
    [
        ("detector", "the frames at 0.480 s to 0.600 s", "detect() must be a list of list, one for each frame"),
        ("aligner", "the frames at 0.480 s to 0.600 s", "align()[0], of the frame at 0.480 s (pts 480), Face.land"),
        ("masker", "masking faces of frame 12", "mask()[0] must be Mask, but is an array of float64 (8, 8)"),
        ("model", "swapping faces of frames 12 to 15", "Swap.rgb must be"),
        ("merger", "merging the face at frame 12", "merge().rgb must be of the region's"),
    ],
)
def test_the_run_stops_in_words_and_goes_on_from_the_chunks_done(stages, drawn_clip, tmp_path, stage, at, said):
    drawn_clip(tmp_path / "red.mkv", 24, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT)
    project = load_project(path, discover())
    stages.wrong.append(stage)
    with pytest.raises(PluginFailedError) as caught:
        run(project, progress=Silent())
    assert str(caught.value).startswith(f"the {stage} 'faulty' (from acme-face) failed while ")
    assert at in str(caught.value)
    assert said in str(caught.value)
    assert "the work done so far is kept" in str(caught.value)
    stages.wrong.clear()
    before = stages.calls[stage]
    (output,) = run(project, progress=Silent()).outputs
    assert output.is_file()
    again = stages.calls[stage] - before
    assert 0 < again <= 16, "the first chunk of eight frames is not made anew"
    assert {row.state for row in status(project)} == {"done"}
