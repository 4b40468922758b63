"""How does long work look on a terminal, and how in a log?

Everything goes to stderr, so that results on stdout stay clean.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from understudy.events import Event, play
from understudy.progress import Progress, Written

__all__ = ["LineProgress", "TerminalProgress", "shown_events", "shown_progress"]


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Give what draws progress: a live bar on a terminal, else one line per finished phase."""
    if not sys.stderr.isatty():
        yield LineProgress(sys.stderr)
        return
    drawn = TerminalProgress(Console(stderr=True))
    try:
        yield drawn
    finally:
        drawn.close()


@contextmanager
def shown_events() -> Iterator[Callable[[Event], None]]:
    """Give what draws the events of work, in the same way."""
    with shown_progress() as progress:
        yield lambda event: play(event, progress)


@dataclass(slots=True)
class LineProgress:
    """Writes what was said, and one line when a phase is finished."""

    stream: TextIO
    _phase: str = ""
    _unit: str = ""
    _device: str = ""
    _count: int = 0
    _done: int = 0
    _total: int = 0
    _begun_s: float = field(default_factory=time.monotonic)

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Begin a phase; nothing is written yet."""
        self._phase, self._unit, self._device, self._total = phase, unit, device, total
        self._done, self._count, self._begun_s = done, 0, time.monotonic()

    def advance(self, count: int = 1, note: str = "") -> None:  # noqa: ARG002 - a log has no room for notes
        """Count."""
        self._count += count

    def finish(self) -> None:
        """Write the phase's line."""
        elapsed_s = time.monotonic() - self._begun_s
        rate = f" ({_rate(self._count / elapsed_s, self._unit)})" if self._count and elapsed_s > 0 else ""
        device = f" on {self._device}" if self._device else ""
        share = f"{self._done + self._count} of {self._total} {self._unit}"
        earlier = f", {self._count} of them now" if self._done else ""
        self.say(f"{self._phase}: {share}{earlier} in {elapsed_s:.1f} s{rate}{device}")

    def say(self, text: str) -> None:
        """Write a line."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Write nothing: commands print the paths of what they make."""


class TerminalProgress:
    """Draws the running phase: how far, how fast, how long yet, on which device, and a short note."""

    def __init__(self, console: Console) -> None:
        """Draw on a console."""
        self._console = console
        self._bar: bars.Progress | None = None
        self._task = bars.TaskID(0)

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Show a new bar; what an earlier run did counts as done but not as speed."""
        self.close()
        self._bar = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn(unit),
            _RateColumn(),
            bars.TimeRemainingColumn(),
            bars.TextColumn("{task.fields[device]}", style="dim"),
            bars.TextColumn("{task.fields[note]}"),
            console=self._console,
            speed_estimate_period=60,
        )
        self._task = self._bar.add_task(escape(phase), total=total, completed=done, device=escape(device), note="")
        self._bar.start()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Move the bar; a note stays until the next one."""
        if self._bar is None:
            return
        self._bar.advance(self._task, count)
        if note:
            self._bar.update(self._task, note=escape(note))

    def finish(self) -> None:
        """Leave the bar as it stands and go to the next line."""
        self.close()

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(Text(text))

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Draw nothing: commands print the paths of what they make."""

    def close(self) -> None:
        """Stop drawing, so that the terminal is left in order."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class _RateColumn(bars.ProgressColumn):
    """Units per second, or seconds per unit where that reads better."""

    def render(self, task: bars.Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(_rate(speed), style="cyan")


def _rate(speed: float, unit: str = "") -> str:
    """Write units per second, or seconds per unit where that reads better."""
    return f"{speed:.1f} {unit}/s".replace(" /", "/") if speed >= 1 else f"{1 / speed:.1f} s each"
