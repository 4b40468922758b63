"""How does long work tell how far it is?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

__all__ = ["Progress", "Silent", "Written"]

Written = Literal["preview", "checkpoint", "clip", "page"]
"""What a listener is told of as soon as it lies on the disk."""


class Progress(Protocol):
    """Hears how far the work is; the command line draws it, tests and programs may listen."""

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Begin a phase of ``total`` units (``frames``, ``steps``), ``done`` of them from an earlier run."""
        ...

    def advance(self, count: int = 1, note: str = "") -> None:
        """Report ``count`` more units; ``note`` is a short figure such as the losses."""
        ...

    def finish(self) -> None:
        """End the phase."""
        ...

    def say(self, text: str) -> None:
        """Pass on one line that the user should read, such as frames that could not be decoded."""
        ...

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Tell that something to look at lies on the disk; ``step`` is a training's."""
        ...


class Silent:
    """Hears everything and says nothing."""

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Hear that a phase begins."""

    def advance(self, count: int = 1, note: str = "") -> None:
        """Hear that units are done."""

    def finish(self) -> None:
        """Hear that a phase ends."""

    def say(self, text: str) -> None:
        """Hear a line."""

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Hear of a file."""
