"""Do predicting and merging go on at the same time in one process, and does the end of one end the other?"""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager

import pytest

import understudy
from understudy.errors import MediaError, RequestError
from understudy.merging import beside, pipeline
from understudy.phases import run
from understudy.predicting.predicting import Answerer
from understudy.progress import Silent
from understudy.swapping import SwapOrder
from understudy.video import ChunkWriter, ClipReader

from .conftest import Listener, chunks

PLAIN = ("swaps.0.steadiness=0", "swaps.0.steady_colors=0")  # a frame needs no answers but its own
LONG_S = 20.0


@pytest.fixture
def asked(monkeypatch):
    """Give the first frames of what the model was asked for so far, and a place for what is to be done before it."""
    found, whole = [], Answerer.answers

    def answers(self, batch, faces):
        found.append(batch[0].index)
        found_by.get(batch[0].index, lambda: None)()
        return whole(self, batch, faces)

    found_by: dict = {}
    monkeypatch.setattr(Answerer, "answers", answers)
    return found, found_by


@pytest.fixture
def merged(monkeypatch):
    """Give an empty list and have it hear how many frames were merged, each in the thread that merges it."""
    hearers, count, whole = [], [], beside._Telling.advance

    def advance(self, *arguments):
        count.append(None)
        for hear in hearers:
            hear(len(count))
        whole(self, *arguments)

    monkeypatch.setattr(beside._Telling, "advance", advance)
    return hearers


@pytest.fixture
def crew(monkeypatch):
    """Give the threads that are made to merge, each with an event for its first chunk."""
    made = []

    class Kept(beside.MergingThread):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)
            self.has_done = threading.Event()
            self._told = Told(self.has_done)

    class Told(queue.Queue):
        def __init__(self, has_done):
            super().__init__()
            self._has_done = has_done

        def put(self, told):
            super().put(told)
            if told[0] == "done":
                self._has_done.set()

    monkeypatch.setattr(pipeline, "MergingThread", Kept)
    return made


@contextmanager
def nothing_left(folder, least, most=None):
    """Check how many chunks are kept by work that failed, that nothing half is, and that no thread goes on."""
    yield
    assert least <= len(chunks(folder)) <= (least if most is None else most)
    assert not list(folder.glob("p.work/merge/*/*.part"))
    assert not [thread for thread in threading.enumerate() if thread.name == "merge"]


def test_a_chunk_is_merged_while_the_next_is_predicted_and_the_reverse(project, asked, merged):
    predicts, merges = threading.Event(), threading.Event()
    asked[1][24] = lambda: (predicts.set(), met.append(merges.wait(LONG_S)))  # in the middle of the fourth chunk
    met = []

    def hear(count):
        if count == 2:
            merges.set()
            met.append(predicts.wait(LONG_S))

    merged.append(hear)
    run(project(None, *PLAIN), phases=("merge",), progress=Silent())
    assert met == [True, True]


def test_it_gives_the_same_bytes_as_merging_alone_and_is_heard_in_the_callers_thread(project, tmp_path, crew):
    first, again = Listener(), Listener()
    run(project(), phases=("merge",), progress=first)
    (thread,) = crew
    beside_it = chunks(tmp_path)
    for path in tmp_path.glob("p.work/merge/*/*"):
        path.unlink()
    run(project(), phases=("merge",), progress=again)
    assert len(beside_it) == 5
    assert chunks(tmp_path) == beside_it
    assert crew == [thread], "nothing was to be predicted, so the caller's thread merged"
    assert (first.frames, again.frames) == (36, 36)
    assert first.threads == again.threads == {threading.current_thread()}


def test_a_fault_in_merging_stops_predicting_and_keeps_its_words(project, tmp_path, asked, monkeypatch, crew):
    failed, whole, count = threading.Event(), ChunkWriter.add, []

    def add(self, frame):
        count.append(frame.pts)
        if len(count) == 10:
            raise MediaError(tmp_path / "out.mp4", "the disk is full", "free some space")
        whole(self, frame)

    def wait_for_fault():
        crew[0]._thread.join(LONG_S)
        failed.set()

    asked[1][12] = lambda: crew[0].has_done.wait(
        LONG_S
    )  # so that the second chunk is given before the next is asked for
    asked[1][24] = wait_for_fault
    monkeypatch.setattr(ChunkWriter, "add", add)
    with nothing_left(tmp_path, 1), pytest.raises(MediaError, match="disk is full"):
        run(project(None, *PLAIN), phases=("merge",), progress=Silent())
    assert failed.is_set()
    assert asked[0][-1] == 24, "no further batch was asked for"


def test_a_fault_in_predicting_stops_merging_at_a_frame(project, tmp_path, asked, merged, crew):
    merges = threading.Event()

    def fail():
        merges.wait(LONG_S)
        raise ZeroDivisionError("nothing to divide by")

    def hear(count):
        if count == 10:  # the second chunk's first frame; each chunk ends with a word about frames that were lost
            merges.set()
            crew[0]._stopped.wait(LONG_S)
        assert count < 11, "it went on after it was stopped"

    asked[1][12] = lambda: crew[0].has_done.wait(LONG_S)
    asked[1][24] = fail
    merged.append(hear)
    with nothing_left(tmp_path, 1), pytest.raises(ZeroDivisionError, match="nothing to divide by"):
        run(project(None, *PLAIN), phases=("merge",), progress=Silent())


@pytest.mark.parametrize("how", [KeyboardInterrupt, understudy.Cancelled], ids=["ctrl-c", "cancelled"])
def test_being_stopped_ends_both_keeps_what_is_finished_and_goes_on_from_there(project, tmp_path, how):
    cancel = understudy.Cancel()

    class Impatient(Listener):
        def advance(self, count=1, note=""):
            super().advance(count, note)
            if self.frames >= 9:
                if how is KeyboardInterrupt:
                    raise KeyboardInterrupt
                cancel.set()

    with nothing_left(tmp_path, 1, 4), pytest.raises(how):
        run(project(None, *PLAIN), phases=("merge",), progress=Impatient(), cancel=cancel)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("p.work/merge/*/chunk-*.video")}
    run(project(None, *PLAIN), phases=("merge",), progress=Silent())
    assert len(chunks(tmp_path)) == 5
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_cancelling_stops_predicting_where_nothing_can_be_merged_yet(project, tmp_path, asked):
    cancel = understudy.Cancel()
    asked[1][0] = cancel.set
    with nothing_left(tmp_path, 0), pytest.raises(understudy.Cancelled):
        run(project(), phases=("merge",), progress=Silent(), cancel=cancel)
    assert asked[0] == [0]


def test_a_merger_that_cannot_be_built_is_told_before_anything_is_predicted(project, tmp_path, asked, monkeypatch):
    def ready(self, resources):
        raise RequestError(f"no merger in {threading.current_thread().name}")

    monkeypatch.setattr(SwapOrder, "ready", ready)
    with nothing_left(tmp_path, 0), pytest.raises(RequestError, match="no merger in merge"):
        run(project(), phases=("merge",), progress=Silent())
    assert asked[0] == []


@pytest.mark.parametrize("predicted", [True, False], ids=["here", "beside"])
def test_nothing_decodes_any_more_when_a_clip_is_closed_after_a_fault(project, tmp_path, monkeypatch, predicted):
    if predicted:
        run(project(), phases=("merge",), progress=Silent())
        for path in tmp_path.glob("p.work/merge/*/*"):
            path.unlink()
    whole, close, at_work, faults = ClipReader.frames, ClipReader.close, set(), []

    def frames(self, start=0, stop=None):
        for frame in whole(self, start, stop):
            at_work.add(self)
            threading.Event().wait(0.2)  # so that it is at work when the fault is met
            at_work.discard(self)
            yield frame

    def closed(self):
        faults.extend(at_work & {self})
        close(self)

    def add(self, frame):
        raise MediaError(tmp_path / "out.mp4", "the disk is full", "free some space")

    for owner, name, other in (
        (ClipReader, "frames", frames),
        (ClipReader, "close", closed),
        (ChunkWriter, "add", add),
    ):
        monkeypatch.setattr(owner, name, other)
    with nothing_left(tmp_path, 0), pytest.raises(MediaError, match="disk is full"):
        run(project(), phases=("merge",), progress=Silent())
    assert faults == []
