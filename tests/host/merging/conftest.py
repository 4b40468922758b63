"""A project of a clip in five chunks, extracted."""

from __future__ import annotations

import threading

import pytest

from understudy.merging import recipe
from understudy.phases import run
from understudy.plugins import discover
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
    model: {use: mirror}
    merger: {use: seamless_clone}
    steadiness: 0.7
    steady_colors: 0.5
output: {path: out.mp4, video: {codec: libx264, crf: 12, preset: ultrafast}}
"""


class Listener(Silent):
    """Keeps what is said, how many frames were heard of, and in which threads."""

    def __init__(self):
        self.lines, self.frames, self.threads = [], 0, set()

    def say(self, text):
        self.lines.append(text)

    def advance(self, count=1, note=""):
        self.frames += count
        self.threads.add(threading.current_thread())


@pytest.fixture
def project(tmp_path, square_plugin, drawn_clip, monkeypatch):
    """Give a function that loads a project of a clip with five chunks, extracted."""
    monkeypatch.syspath_prepend(str(square_plugin))
    monkeypatch.setattr(recipe, "CHUNK_FRAMES", 8)
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=36, hue=2, codec="ffv1", options={})
    (tmp_path / "p.yaml").write_text(PROJECT)
    run(load_project(tmp_path / "p.yaml", discover()), phases=("extract",), progress=Silent())
    return lambda registry=None, *overrides: load_project(tmp_path / "p.yaml", registry or discover(), overrides)


def chunks(folder):
    """Give the content of the merged chunks by their names."""
    return {path.name: path.read_bytes() for path in folder.glob("p.work/merge/*/chunk-*.video")}
