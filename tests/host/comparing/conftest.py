"""Fixtures of the comparison's tests: a project of drawn squares."""

import pytest

from understudy.plugins import discover

PROJECT = """
understudy: 1
name: squares
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square, with: {level: 70}}
  aligner: {use: square}
  masker: {use: hull}
  face_type: whole_face
  crop_size: 128
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    face: largest
    model: {use: mirror}
    merger: {use: overlay, with: {mask_erode_px: 2, mask_blur_px: 8}}
output: {path: out/blue.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture
def squares(tmp_path, drawn_clip, square_plugin, monkeypatch):
    """Give a project file beside clips, one of which has a frame without a face."""
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=12, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=30, hue=2, codec="ffv1", options={}, without_face=(7,))
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT, encoding="utf-8")
    return path


@pytest.fixture
def quick96():
    """Give the tiny quick96 as an entry of a matrix."""
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    return {"use": "quick96", "with": {**settings, "batch_size": 2, "precision": "float32"}, "label": "learner"}
