"""Do keyframes change how far a model swaps, frame by frame, and are only those answers made anew?"""

from __future__ import annotations

import av
import pytest

from understudy.errors import ProjectError, RequestError
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.provenance.marking import FaceMark

PLUGIN = '''
"""A model that turns a face as grey as it is told, and one that cannot be told otherwise once it is built."""
from collections.abc import Iterable
from typing import Annotated
import numpy as np
from pydantic import Field
from understudy_sdk import DECIDES_SWAP, CropSpec, FaceType, Model, StageConfig, StageSpec, Swap, hookimpl

ASKED = []

class GreyConfig(StageConfig):
    """How grey."""
    level: Annotated[float, Field(ge=0, le=1, json_schema_extra=DECIDES_SWAP)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0

class Stiff:
    crop_spec = CropSpec(FaceType.FULL, 64)
    def __init__(self, config):
        self.level = config.level
    def swap(self, crops):
        ASKED.extend([self.level] * len(crops))
        return [Swap(np.full((64, 64, 3), self.level, np.float32)) for _ in crops]

class Grey(Stiff):
    def adjust(self, config):
        self.level = config.level

@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    for name, kind in (("grey", Grey), ("stiff", Stiff)):
        yield StageSpec(name=name, summary="Grey.", config=GreyConfig, tiny=GreyConfig(),
                        build=lambda config, resources, kind=kind: kind(config))
'''
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
    model: {use: grey, with: {level: 0.5}}
    merger: {use: overlay, with: {mask_blur_px: 0, color_transfer: none}}
    LINES
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""
FRAMES = 36


@pytest.fixture
def project(square_plugin, tmp_path, tmp_path_factory, monkeypatch, drawn_clip):
    """Give a function that writes a project with a line of a swap, and loads it."""
    folder = tmp_path_factory.mktemp("grey")
    (folder / "grey_stage.py").write_text(PLUGIN)
    info = folder / "grey_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: grey-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy]\ngrey = grey_stage\n")
    monkeypatch.syspath_prepend(str(square_plugin))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(FaceMark, "laid", lambda self, layer, at, before, weights: layer)
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=FRAMES, hue=2, codec="ffv1", options={})
    registry = discover()

    def load(line, model="grey"):
        text = PROJECT.replace("LINES", line).replace("use: grey", f"use: {model}")
        (tmp_path / "p.yaml").write_text(text)
        return load_project(tmp_path / "p.yaml", registry)

    return load


def levels(project):
    """Return how grey the face is in each frame, in levels of 255."""
    (output,) = run(project, progress=Silent()).outputs
    with av.open(str(output)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [int(picture[20 + (n * 2) % 26 + 32, 10 + (n * 3) % 76 + 32].mean()) for n, picture in enumerate(pictures)]


def test_a_keyed_setting_of_the_model_goes_from_value_to_value(project):
    import grey_stage

    found = levels(project("keyframes: [{at: 4, model: {level: 0}}, {at: 24, model: {level: 1}, then: smooth}]"))
    wanted = [255 * min(max((frame - 4) / 20, 0), 1) for frame in range(FRAMES)]
    assert found == pytest.approx(wanted, abs=3)
    grey_stage.ASKED.clear()
    levels(
        project("keyframes: [{at: 4, model: {level: 0}}, {at: 24, model: {level: 1}}, {at: 30, model: {level: 0.5}}]")
    )
    assert 0 < len(grey_stage.ASKED) < FRAMES  # the first units of frames are as they were


def test_a_model_that_cannot_change_on_the_way_says_so(project):
    with pytest.raises(RequestError, match="the model 'stiff' cannot change level while it swaps"):
        run(project("keyframes: [{at: 4, model: {level: 0}}, {at: 24, model: {level: 1}}]", "stiff"), progress=Silent())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("keyframes: [{at: 4, model: {seed: 3}}]", "model.seed: stays as it is over the clip; these may have"),
        ("keyframes: [{at: 4, model: {levl: 3}}]", "model.levl: unknown key. Did you mean 'level'?"),
        ("keyframes: [{at: 4, model: {level: 3}}]", "model.level: must be at most 1, but is 3"),
        ("ranges: [{from: 1, to: 9, keyframes: [{at: 4, model: {level: 1}}]}]", "model.level: stands in a range"),
    ],
)  # fmt: skip
def test_what_keyframes_cannot_say_of_a_model(project, line, text):
    with pytest.raises(ProjectError) as raised:
        project(line)
    assert text in str(raised.value)
