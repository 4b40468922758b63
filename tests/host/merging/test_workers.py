"""Do several processes merge what one does, to the byte, and do their faults reach the user as what they are?"""

from __future__ import annotations

import os
import pickle
import signal
import time
from pathlib import Path

import pytest

from understudy.carried import CrashError, carry
from understudy.errors import MediaError, PluginFailedError, ProcessDiedError
from understudy.merging import workers
from understudy.phases import run
from understudy.plugins import Offer, Registry, discover
from understudy.progress import Silent
from understudy_sdk import InvalidValueError

from .conftest import Listener, chunks


def test_two_processes_merge_the_same_bytes_as_one(project, tmp_path):
    run(project(), progress=Silent())
    alone = chunks(tmp_path)
    for path in tmp_path.glob("p.work/merge/*/*"):
        path.unlink()
    listener = Listener()
    run(project(), phases=("merge",), progress=listener, jobs=2)
    assert len(alone) == 5
    assert chunks(tmp_path) == alone
    assert listener.frames == 36
    assert not [line for line in listener.lines if "alone" in line]


def test_a_fault_in_a_process_ends_all_and_is_told_as_what_it_is(project, tmp_path):
    class Thief(Silent):
        def start(self, phase, total, unit, *, done=0, device=""):
            (tmp_path / "blue.mkv").rename(tmp_path / "gone.mkv")

    with pytest.raises(MediaError, match=r"blue\.mkv") as caught:
        run(project(), phases=("merge",), progress=Thief(), jobs=2)
    assert caught.value.path.name == "blue.mkv"
    assert not list(tmp_path.glob("p.work/merge/*/chunk-*"))


def test_a_killed_process_is_told_with_what_it_did(project, tmp_path, monkeypatch):
    started = []

    class Watched(workers._Worker):
        def take(self, chunk):
            super().take(chunk)
            started.append(self.process.pid)
            os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(workers, "_Worker", Watched)
    with pytest.raises(ProcessDiedError, match="killed by signal 9 while merging frames 0 to 7") as caught:
        run(project(), phases=("merge",), progress=Silent(), jobs=2)
    assert caught.value.exit_code == -signal.SIGKILL
    assert "--jobs 1" in str(caught.value)


def test_ctrl_c_stops_the_processes_too(project, monkeypatch):
    made = []

    class Kept(workers._Worker):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self.process.pid)

    class Impatient(Silent):
        def advance(self, count=1, note=""):
            raise KeyboardInterrupt

    monkeypatch.setattr(workers, "_Worker", Kept)
    with pytest.raises(KeyboardInterrupt):
        run(project(), phases=("merge",), progress=Impatient(), jobs=2)
    assert len(made) == 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in made) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in made if Path(f"/proc/{pid}").exists()]


def test_a_plugin_that_only_this_process_has_is_merged_here(project):
    found = discover()
    offers = [offer for stage in ("detector", "aligner", "masker", "model") for offer in found.every(stage)]
    own = found.offer("merger", "seamless_clone")
    listener = Listener()
    run(project(Registry([*offers, Offer("merger", own.spec, own.origin.__class__("x", "mine", "1"))])),
        phases=("merge",), progress=listener, jobs=2)  # fmt: skip
    assert (
        "the merger 'seamless_clone' (from mine) is not among the installed plugins, so this process merges alone"
        in (listener.lines)
    )


def test_a_chosen_plugin_travels_in_plain_words(project):
    swap = project().swaps[0]
    again = pickle.loads(pickle.dumps(swap))
    assert again.merger == swap.merger
    assert again.model.recipe() == swap.model.recipe()
    assert b"lay_clone" not in pickle.dumps(swap)


def test_errors_keep_their_kind_words_and_facts():
    for error in (
        PluginFailedError("merger", "x", "somebody", "merging", ZeroDivisionError("by 0")),
        InvalidValueError("Swap.rgb", "so", "other"),
    ):
        again = pickle.loads(pickle.dumps(carry(error))).error()
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)
    crash = carry(ZeroDivisionError("by 0")).error()
    assert isinstance(crash, CrashError)
    assert "ZeroDivisionError: by 0" in str(crash)
