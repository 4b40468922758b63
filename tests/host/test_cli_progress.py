"""Does progress show what it is told, on a terminal and in a log?"""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from understudy.cli.progress import LineProgress, TerminalProgress, shown_progress


def test_a_log_gets_one_line_per_phase():
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.start("train anna", 100, "steps", done=40, device="cuda:1")
    for _ in range(6):
        progress.advance(10, note="0.12")
    assert stream.getvalue() == ""
    progress.finish()
    progress.start("merge scene", 0, "frames")
    progress.finish()
    progress.say("done")
    first, second, third = stream.getvalue().splitlines()
    assert re.fullmatch(r"train anna: 100 of 100 steps, 60 of them now in \d+\.\d s \(.*steps/s\) on cuda:1", first)
    assert re.fullmatch(r"merge scene: 0 of 0 frames in \d+\.\d s", second)
    assert third == "done"


def test_a_terminal_sees_phase_count_device_and_note():
    stream = io.StringIO()
    progress = TerminalProgress(Console(file=stream, force_terminal=True, width=160, color_system=None))
    progress.start("train [anna]", 100, "steps", done=40, device="cuda:1")
    progress.advance(10, note="loss [0.12]")
    progress.say("checkpoint [kept] at 50")
    progress.finish()
    drawn = stream.getvalue()
    for part in ("train [anna]", "50/100", "steps", "cuda:1", "loss [0.12]", "checkpoint [kept] at 50"):
        assert part in drawn


def test_what_takes_long_is_told_in_seconds_each(monkeypatch):
    stream = io.StringIO()
    progress = LineProgress(stream)
    clock = iter((0.0, 10.0))
    monkeypatch.setattr("understudy.cli.progress.time.monotonic", lambda: next(clock))
    progress.start("train", 100, "steps")
    progress.advance(4)
    progress.finish()
    assert stream.getvalue() == "train: 4 of 100 steps in 10.0 s (2.5 s each)\n"


def test_before_a_phase_nothing_is_drawn_and_nothing_breaks():
    stream = io.StringIO()
    progress = TerminalProgress(Console(file=stream, force_terminal=True))
    progress.advance()
    progress.finish()
    assert stream.getvalue() == ""


def test_an_error_leaves_the_terminal_in_order(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", Terminal())
    seen = []

    def work():
        with shown_progress() as progress:
            progress.start("merge", 10, "frames")
            seen.append(progress)
            assert progress._bar is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert seen[0]._bar is None


def test_what_is_no_terminal_gets_lines(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with shown_progress() as progress:
        assert isinstance(progress, LineProgress)
