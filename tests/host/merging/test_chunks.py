"""Is a chunk begun while the one before is brought to its end, and what if that fails?"""

from __future__ import annotations

import shutil
import threading

import pytest

from understudy.errors import MediaError
from understudy.merging import chunks as chunks_module
from understudy.phases import run
from understudy.progress import Silent
from understudy.video import ChunkWriter

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
