"""Do the example and the page of the Python API work from beginning to end?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.plugins import discover

EXAMPLE = Path(__file__).parents[2] / "examples" / "api_example.py"
PAGE = Path(__file__).parents[2] / "docs" / "tools" / "python-api.md"
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


@pytest.fixture
def run_python(tmp_path, drawn_clip, square_plugin):
    """Give a function that runs a script beside a project of drawn clips, and returns the lines it prints."""
    drawn_clip(tmp_path / "red.mkv", frames=10, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=12, hue=2, codec="ffv1", options={})
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    words = ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")
    (tmp_path / "project.yaml").write_text(PROJECT.replace("TINY", words), encoding="utf-8")

    def run(script):
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(square_plugin)},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def test_the_example_checks_runs_stops_and_goes_on(tmp_path, run_python):
    lines = run_python(EXAMPLE)
    assert lines[0].startswith("squares: 1 swap(s)")
    assert "stopped as asked; the work done is saved, and the same call goes on from there" in lines
    assert f"recast: {tmp_path / 'out' / 'from-python.mkv'}" in lines
    assert "  step 4: see preview-00000004.png" in lines
    assert [line.split()[2] for line in lines if re.match(r"(extract|train|merge) +\S+ +\w+ +\d", line)] == ["done"] * 4
    assert "blue.mkv: 12 faces in 12 frames" in lines
    assert (tmp_path / "out" / "from-python.mkv").is_file()


def test_every_block_of_the_page_works(tmp_path, run_python):
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))
    (tmp_path / "page.py").write_text(code.replace('"output.video.crf": 18', '"swaps.0.model": {"use": "mirror"}'))
    lines = run_python("page.py")
    assert lines[0] == f"({tmp_path / 'out' / 'blue.mkv'!r},)"
    assert any("extract.crop_size" in line for line in lines)
    assert any("no merger is called 'glue'" in line for line in lines)


def test_the_example_is_a_notebook_of_cells():
    cells = re.split(r"^# %%", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    words = [cell for cell in cells if cell.startswith(" [markdown]")]
    assert len(words) >= 6
    assert all(line.startswith("#") for cell in words for line in cell.splitlines()[1:] if line)
