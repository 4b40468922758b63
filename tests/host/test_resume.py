"""After ``kill -9`` in any phase, does ``run`` go on where it was, and does it end as an unbroken run does?"""

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

from understudy.plugins import discover

pytestmark = pytest.mark.slow

PROJECT = """
understudy: 1
name: squares
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract: {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, face_type: whole_face, crop_size: 96}
swaps:
  - source: red
    target: blue
    face: largest
    model: {use: quick96, with: {batch_size: 2, precision: float32, TINY}, iterations: 30}
    merger: {use: overlay, with: {mask_blur_px: 8}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture(scope="module")
def environment(square_plugin):
    return {**os.environ, "PYTHONPATH": str(square_plugin), "OMP_NUM_THREADS": "1"}


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "understudy", *words, str(folder / "squares.yaml")]


def understudy(folder: Path, environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(command(folder, *words), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def kill_when(folder: Path, environment: dict[str, str], phase: str, ready, slow: dict[str, str]) -> None:
    """Start a phase, wait until ``ready`` says that part of it is done, and kill it without words."""
    process = subprocess.Popen(command(folder, phase), env={**environment, **slow}, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while not ready() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
        assert ready()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, environment):
    """A project that ran through in one go."""
    folder = tmp_path_factory.mktemp("unbroken")
    for name, frames in (("red", 150), ("blue", 300)):
        draw(folder / f"{name}.mkv", frames, seed=len(name))
    tiny = (
        discover()
        .models["quick96"]
        .tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    )
    settings = ", ".join(f"{key}: {value}" for key, value in tiny.items()).replace("'", "")
    (folder / "squares.yaml").write_text(PROJECT.replace("TINY", settings))
    understudy(folder, environment, "run")
    return folder


def draw(path: Path, frames: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    face = random.integers(120, 255, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(frames):
            picture = random.integers(0, 40, (120, 160, 3), dtype=np.uint8)
            x, y = 10 + number % 70, 20 + number % 25
            picture[y : y + 64, x : x + 64] = face
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def copy(unbroken, tmp_path):
    """The same project, in which nothing was run yet."""
    for name in ("red.mkv", "blue.mkv", "squares.yaml"):
        shutil.copy2(unbroken / name, tmp_path / name)
    return tmp_path


def extracted(folder: Path) -> dict[str, object]:
    """Everything extraction leaves: the pictures' bytes and the index's rows."""
    found: dict[str, object] = {}
    for index in sorted(folder.glob("squares.work/extract/*/index.sqlite")):
        database = sqlite3.connect(index)
        for table in ("clip", "chunk", "face"):
            found[f"{index.parent.name}/{table}"] = database.execute(f"select * from {table} order by 1, 2").fetchall()
        database.close()
        for picture in sorted((index.parent / "faces").iterdir()):
            found[f"{index.parent.name}/{picture.name}"] = picture.read_bytes()
    return found


def chunks_done(folder: Path) -> int:
    done = 0
    for index in folder.glob("squares.work/extract/*/index.sqlite"):
        database = sqlite3.connect(f"file:{index}?mode=ro", uri=True)
        try:
            done += database.execute("select count(*) from chunk").fetchone()[0]
        except sqlite3.OperationalError:
            pass  # the table is not there yet
        finally:
            database.close()
    return done


def test_extraction_goes_on_and_ends_the_same_to_the_bit(unbroken, copy, environment):
    kill_when(copy, environment, "extract", lambda: chunks_done(copy) == 2, {"SQUARE_DELAY": "0.01"})
    assert 2 <= chunks_done(copy) < 8
    understudy(copy, environment, "extract")
    assert extracted(copy) == extracted(unbroken)


def test_training_goes_on_from_the_last_checkpoint(unbroken, copy, environment):
    shutil.copytree(unbroken / "squares.work" / "extract", copy / "squares.work" / "extract")
    text = (copy / "squares.yaml").read_text()
    (copy / "squares.yaml").write_text(text.replace("iterations: 30", "iterations: 100000"))
    kill_when(copy, environment, "train", lambda: checkpoints(copy), {})
    step = max(checkpoints(copy))
    (copy / "squares.yaml").write_text(text.replace("iterations: 30", f"iterations: {step + 5}"))
    understudy(copy, environment, "train")
    assert max(checkpoints(copy)) == step + 5
    assert step >= 1


def checkpoints(folder: Path) -> list[int]:
    return [int(path.name[5:]) for path in folder.glob("squares.work/train/*/step-*") if path.name[5:].isdigit()]


def test_merging_goes_on_and_ends_the_same_to_the_bit(unbroken, copy, environment):
    for phase in ("extract", "train"):
        shutil.copytree(unbroken / "squares.work" / phase, copy / "squares.work" / phase)
    chunks = lambda: list(copy.glob("squares.work/merge/*/chunk-*.video"))  # noqa: E731
    kill_when(copy, environment, "merge", chunks, {})
    assert not (copy / "out.mkv").exists()
    kept = {path: path.stat().st_mtime_ns for path in chunks()}
    understudy(copy, environment, "run")
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in chunks()}.items()
    assert pictures(copy / "out.mkv") == pictures(unbroken / "out.mkv")


def pictures(path: Path) -> list[tuple[int, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def test_a_second_run_of_a_finished_project_is_short(unbroken, environment):
    """It makes nothing anew, and does not even load torch."""
    before = {
        path: path.stat().st_mtime_ns for path in unbroken.rglob("*") if path.is_file() and path.suffix != ".lock"
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command(unbroken, "run")[1:]],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    after = {path: path.stat().st_mtime_ns for path in before}
    changed = {path.name for path in before if before[path] != after[path]}
    assert not {name for name in changed if not name.startswith((".lock", "index.sqlite"))}
    assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_another_merger_runs_no_network_and_does_not_even_load_torch(unbroken, environment, tmp_path):
    shutil.copytree(unbroken, tmp_path / "copy")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command(tmp_path / "copy", "merge")[1:],
         "--set", "swaps.0.merger.with.mask_blur_px=4"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "no network runs" in done.stderr
    assert pictures(tmp_path / "copy" / "out.mkv") != pictures(unbroken / "out.mkv")
    assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
