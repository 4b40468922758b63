"""Does the example of the Python API run from beginning to end, as a script and cell by cell?"""

import os
import re
import subprocess
import sys
from pathlib import Path

from understudy.plugins import discover

EXAMPLE = Path(__file__).parents[2] / "examples" / "api_example.py"
PROJECT = """
understudy: 1
name: squares
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  face_type: whole_face
  crop_size: 128
swaps:
  - source: red
    target: blue
    model: {use: quick96, with: {batch_size: 2, precision: float32, TINY}, iterations: 4}
    merger: {use: overlay}
output: {path: out/blue.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


def test_the_example_checks_runs_stops_and_goes_on(tmp_path, drawn_clip, square_plugin):
    drawn_clip(tmp_path / "red.mkv", frames=10, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=12, hue=2, codec="ffv1", options={})
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    words = ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")
    (tmp_path / "project.yaml").write_text(PROJECT.replace("TINY", words), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(square_plugin)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("squares: 1 swap(s)")
    assert "stopped as asked; the work done is saved, and the same call goes on from there" in lines
    assert f"recast: {tmp_path / 'out' / 'from-python.mkv'}" in lines
    assert "  step 4: see preview-00000004.png" in lines
    assert [line.split()[2] for line in lines if re.match(r"(extract|train|merge) +\S+ +\w+ +\d", line)] == ["done"] * 4
    assert "blue.mkv: 12 faces in 12 frames" in lines
    assert (tmp_path / "out" / "from-python.mkv").is_file()


def test_the_example_is_a_notebook_of_cells():
    cells = re.split(r"^# %%", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    words = [cell for cell in cells if cell.startswith(" [markdown]")]
    assert len(words) >= 6
    assert all(line.startswith("#") for cell in words for line in cell.splitlines()[1:] if line)
