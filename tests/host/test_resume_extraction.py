"""After ``kill -9`` while faces are followed or cut, does extraction go on where it was and end the same to the bit?"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

pytestmark = pytest.mark.slow

PLUGIN = '''
"""A square that is followed, and a masker: both slow where the environment says so."""
import os, time
import numpy as np
from square_stage import Square, SquareConfig
from understudy_sdk import Face, Mask, StageConfig, StageSpec, hookimpl

class Follower(Square):
    def follow(self, frame, before):
        time.sleep(float(os.environ.get("FOLLOW_DELAY", "0")))
        (faces,) = self.align([frame], [self.detect([frame])[0]])
        return [Face(one.box, 0.5, landmarks=one.landmarks + np.float32(0.25)) for one in (faces * len(before))]

class Whole:
    def mask(self, crops):
        time.sleep(float(os.environ.get("MASK_DELAY", "0")) * len(crops))
        return [Mask(np.ones((crop.size, crop.size), np.float32)) for crop in crops]

@hookimpl
def understudy_aligners():
    yield StageSpec(name="follower", summary="Follows the square.", config=SquareConfig, tiny=SquareConfig(),
                    build=lambda config, resources: Follower(config), follows=True)

@hookimpl
def understudy_maskers():
    yield StageSpec(name="whole", summary="Takes all.", config=StageConfig, tiny=StageConfig(),
                    build=lambda config, resources: Whole())
'''

PROJECT = """
understudy: 1
device: cpu
facesets: {red: {clips: [red.mkv, blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: follower}, masker: {use: whole}, crop_size: 64, detect_every: 5}
"""

FRAMES = {"red": 150, "blue": 100}
CHUNKS = 5


@pytest.fixture(scope="module")
def environment(square_plugin, tmp_path_factory):
    folder = tmp_path_factory.mktemp("follower")
    (folder / "follower_stage.py").write_text(PLUGIN)
    info = folder / "follower_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: follower-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy]\nfollower = follower_stage\n")
    return {**os.environ, "PYTHONPATH": f"{square_plugin}{os.pathsep}{folder}", "OMP_NUM_THREADS": "1"}


def make(folder: Path) -> Path:
    """Write a project of two clips in which a square wanders; now and then nothing is there."""
    for name, frames in FRAMES.items():
        random = np.random.default_rng(frames)
        face = random.integers(120, 255, (8, 8, 3), dtype=np.uint8).repeat(6, axis=0).repeat(6, axis=1)
        with av.open(str(folder / f"{name}.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            for number in range(frames):
                picture = random.integers(0, 40, (120, 160, 3), dtype=np.uint8)
                if number % 70 < 66:
                    picture[20 + number % 25 :, 10 + number % 70 :][:48, :48] = face
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
    (folder / "p.yaml").write_text(PROJECT)
    return folder


def extract(folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command(folder), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "understudy", "extract", str(folder / "p.yaml")]


@pytest.fixture(scope="module")
def unbroken(environment, tmp_path_factory):
    """A project that was extracted in one go."""
    folder = make(tmp_path_factory.mktemp("unbroken"))
    extract(folder, environment)
    return folder


def left_by(folder: Path) -> dict[str, object]:
    """Everything extraction leaves: the rows of both indexes and the pictures' bytes."""
    found: dict[str, object] = {}
    for index in [*folder.glob("p.work/find/*/found.sqlite"), *folder.glob("p.work/extract/*/index.sqlite")]:
        database = sqlite3.connect(index)
        for table in ("clip", "chunk", "frame", "face") if index.name == "found.sqlite" else ("clip", "chunk", "face"):
            rows = database.execute(f"select * from {table} order by 1, 2, 3").fetchall()
            assert rows
            found[f"{index.name} {table}"] = rows
        database.close()
    pictures = sorted(folder.glob("p.work/extract/*/faces/*"))
    return {**found, **{picture.name: picture.read_bytes() for picture in pictures}}


def chunks(folder: Path, pattern: str) -> int:
    done = 0
    for index in folder.glob(f"p.work/{pattern}"):
        database = sqlite3.connect(f"file:{index}?mode=ro", uri=True)
        try:
            done += database.execute("select count(*) from chunk").fetchone()[0]
        except sqlite3.OperationalError:
            pass  # the table is not there yet
        finally:
            database.close()
    return done


@pytest.mark.parametrize(
    ("step", "pattern", "delay"),
    [("find", "find/*/found.sqlite", "FOLLOW_DELAY"), ("cut", "extract/*/index.sqlite", "MASK_DELAY")],
)
def test_a_killed_extraction_goes_on_and_ends_the_same(unbroken, environment, tmp_path, step, pattern, delay):
    folder = tmp_path
    for name in ("red.mkv", "blue.mkv", "p.yaml"):
        shutil.copy2(unbroken / name, folder / name)
    process = subprocess.Popen(command(folder), env={**environment, delay: "0.02"}, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while chunks(folder, pattern) < 2 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 2 <= chunks(folder, pattern) < CHUNKS
    assert chunks(folder, "extract/*/index.sqlite") == (0 if step == "find" else chunks(folder, pattern))
    said = extract(folder, environment)
    assert ("find:" in said) == (step == "find"), "what was found is not searched again"
    assert left_by(folder) == left_by(unbroken)
