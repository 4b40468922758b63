"""How does a program stop work that runs, without a signal and from any thread?"""

from __future__ import annotations

import threading
from pathlib import Path

from .errors import Cancelled
from .progress import Progress, Written

__all__ = ["Cancel", "StoppingProgress"]


class Cancel:
    """Asks work to stop; lend one to a call, and set it from any thread, a callback or a signal handler.

    It stays set: work that is lent a set one stops at once.
    """

    def __init__(self) -> None:
        """Ask for nothing yet."""
        self._event = threading.Event()

    def set(self) -> None:
        """Ask to stop at the next safe point."""
        self._event.set()

    def is_set(self) -> bool:
        """Tell whether stopping was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises:
            Cancelled: It was.
        """
        if self._event.is_set():
            raise Cancelled


class StoppingProgress:
    """Hears progress and passes it on, and ends the work where it tells of some once stopping was asked for."""

    def __init__(self, progress: Progress, cancel: Cancel) -> None:
        """Pass on to ``progress``."""
        self._progress, self._cancel = progress, cancel

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Stop, or begin a phase."""
        self._cancel.check()
        self._progress.start(phase, total, unit, done=done, device=device)

    def advance(self, count: int = 1, note: str = "") -> None:
        """Report units, then stop if that was asked for."""
        self._progress.advance(count, note)
        self._cancel.check()

    def finish(self) -> None:
        """End the phase."""
        self._progress.finish()

    def say(self, text: str) -> None:
        """Pass on a line."""
        self._progress.say(text)

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Pass on what was written."""
        self._progress.wrote(what, path, step)
