"""Is a chunk begun while the one before is brought to its end, and what if that fails?"""

from __future__ import annotations

import shutil
import threading
from types import SimpleNamespace

import pytest

from understudy.errors import MediaError
from understudy.merging import chunks as chunks_module
from understudy.merging import sharing
from understudy.phases import run
from understudy.progress import Silent
from understudy.video import ChunkWriter
from understudy_sdk import ColorDescription

from .conftest import Listener, chunks


@pytest.fixture
def predicted(project):
    """Give the project, all of its answers kept and nothing merged, and what the chunks were."""
    loaded = project()
    run(loaded, progress=Silent())
    before = chunks(loaded.root)
    shutil.rmtree(loaded.work / "merge")
    return loaded, before


def closing_as(before, monkeypatch):
    """Let a function be called before each chunk's encoder is emptied."""

    class Writer(ChunkWriter):
        def _encode(self, frame):
            if frame is None:
                before(self._path)
            super()._encode(frame)

    monkeypatch.setattr(chunks_module, "ChunkWriter", Writer)


def test_the_next_chunk_is_begun_before_the_file_of_the_one_before_is_closed(predicted, monkeypatch):
    loaded, before = predicted
    went_on, waited = threading.Event(), []

    class Watch(Listener):
        def advance(self, count=1, note=""):
            super().advance(count, note)
            if self.frames > 8:
                went_on.set()

    closing_as(lambda path: waited.append(went_on.wait(20)), monkeypatch)
    run(loaded, phases=("merge",), progress=Watch())
    assert waited == [True] * 5
    assert len(before) == 5
    assert chunks(loaded.root) == before


def test_a_chunk_that_cannot_be_closed_ends_the_work_and_the_ones_before_are_kept(predicted, monkeypatch):
    loaded, before = predicted
    closed = []

    def fail(path):
        closed.append(path)
        if len(closed) == 2:
            raise MediaError(path, "cannot be written to its end", "free some space")

    closing_as(fail, monkeypatch)
    with pytest.raises(MediaError, match="cannot be written to its end"):
        run(loaded, phases=("merge",), progress=Silent())
    assert [path.is_file() for path in closed] == [path != closed[1] for path in closed]
    assert not list(loaded.work.rglob("*.part*"))
    run(loaded, phases=("merge",), progress=Silent())
    assert chunks(loaded.root) == before


def test_a_chunk_that_has_all_its_frames_is_kept_when_the_next_one_fails(predicted, monkeypatch):
    loaded, _ = predicted
    failed = threading.Event()

    class Failing(Listener):
        def advance(self, count=1, note=""):
            super().advance(count, note)
            if self.frames > 8:
                failed.set()
                raise KeyError("enough")

    closing_as(lambda path: failed.wait(20), monkeypatch)
    with pytest.raises(KeyError, match="enough"):
        run(loaded, phases=("merge",), progress=Failing())
    (only,) = [path for path in (loaded.work / "merge").rglob("chunk-*.video") if path.is_file()]
    assert only.name.startswith("chunk-00000000-")


def test_chunks_of_faces_as_they_were_are_deleted_also_those_that_an_ended_run_had_replaced(predicted):
    loaded, _ = predicted
    run(loaded, phases=("merge",), progress=Silent())
    (folder,) = {path.parent for path in (loaded.work / "merge").rglob("chunk-*.video")}
    (folder / "chunk-00000008-000000000000.video").write_bytes(b"as it was")
    (loaded.root / "out.mp4").unlink()  # the run was ended before that was made
    run(loaded, phases=("merge",), progress=Silent())
    assert sorted(path.name for path in folder.glob("chunk-*.video")) == sorted(chunks(loaded.root))
    assert not (folder / "chunk-00000008-000000000000.video").exists()


def test_where_memory_does_not_hold_two_encoders_a_chunk_is_closed_before_the_next_is_begun(predicted, monkeypatch):
    loaded, before = predicted
    frames, at_closing = Listener(), []
    monkeypatch.setattr(sharing.psutil, "virtual_memory", lambda: SimpleNamespace(available=1024**2))
    closing_as(lambda path: at_closing.append(frames.frames), monkeypatch)
    run(loaded, phases=("merge",), progress=frames)
    assert at_closing == [8, 16, 24, 32, 36]
    assert chunks(loaded.root) == before


@pytest.mark.parametrize(
    ("gigabytes", "jobs", "has_room"), [(0.1, 1, False), (4, 1, False), (12, 2, True), (24, 4, True), (999, 8, True)]
)
def test_processes_and_encoders_are_as_many_as_memory_holds(monkeypatch, gigabytes, jobs, has_room):
    info = SimpleNamespace(stored_size=(3840, 2160), color=ColorDescription(bit_depth=8))
    monkeypatch.setattr(sharing.psutil, "virtual_memory", lambda: SimpleNamespace(available=int(gigabytes * 1e9)))
    monkeypatch.setattr(sharing.os, "sched_getaffinity", lambda _: range(64), raising=False)
    assert sharing.usual_jobs(info) == jobs
    assert sharing.has_room_for_two(info) is has_room
