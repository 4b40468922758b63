"""What does a program hear while work runs? One value per thing that happens, handed to one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from .progress import Progress, Written

__all__ = [
    "CheckpointSaved",
    "ClipWritten",
    "Event",
    "EventProgress",
    "Message",
    "PageWritten",
    "PhaseFinished",
    "PhaseStarted",
    "PreviewWritten",
    "Progressed",
    "play",
]


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A stretch of work begins.

    Attributes:
        phase: What it is, in words such as ``extract anna: find``, ``train anna-to-scene`` or ``merge scene.mp4``.
        total: How many units it has.
        unit: What is counted, such as ``frames`` or ``steps``.
        done: How many of them are there from an earlier run.
        device: Where it is computed, or an empty text.
    """

    phase: str
    total: int
    unit: str
    done: int = 0
    device: str = ""


@dataclass(frozen=True, slots=True)
class Progressed:
    """Some of the phase is done.

    Attributes:
        phase: Which.
        done: How many units are done by now, those of earlier runs included.
        total: How many it has.
        count: How many of them are new.
        note: A short figure such as the losses, or an empty text.
    """

    phase: str
    done: int
    total: int
    count: int = 1
    note: str = ""

    @property
    def share(self) -> float:
        """How much of the phase is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 1.0


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    """The phase ended well; one that is stopped or fails has no such event."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Message:
    """A line that the user should read, such as which frames could not be decoded."""

    text: str


@dataclass(frozen=True, slots=True)
class PreviewWritten:
    """A training drew what its model makes of some faces.

    Attributes:
        path: The picture, a PNG. Sixty of a training stay; beside it, ``preview-latest.png`` is always the newest.
        step: After which step.
    """

    path: Path
    step: int


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A training saved what its model has learnt; it goes on from there when it is run again.

    Attributes:
        path: The folder. Newer checkpoints replace it in time.
        step: After which step.
    """

    path: Path
    step: int


@dataclass(frozen=True, slots=True)
class ClipWritten:
    """A recast clip is complete."""

    path: Path


@dataclass(frozen=True, slots=True)
class PageWritten:
    """A page for a browser is complete."""

    path: Path


Event: TypeAlias = (
    PhaseStarted | Progressed | PhaseFinished | Message | PreviewWritten | CheckpointSaved | ClipWritten | PageWritten
)
"""Whatever a listener is told."""


class EventProgress:
    """Hears progress as the phases tell it, and hands each thing on as an event."""

    def __init__(self, on_event: Callable[[Event], object]) -> None:
        """Hand on to a function."""
        self._on_event = on_event
        self._phase, self._done, self._total = "", 0, 0

    def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
        """Tell that a phase begins."""
        self._phase, self._done, self._total = phase, done, total
        self._on_event(PhaseStarted(phase, total, unit, done, device))

    def advance(self, count: int = 1, note: str = "") -> None:
        """Tell how far it is."""
        self._done += count
        self._on_event(Progressed(self._phase, self._done, self._total, count, note))

    def finish(self) -> None:
        """Tell that it ended."""
        self._on_event(PhaseFinished(self._phase, self._done, self._total))

    def say(self, text: str) -> None:
        """Tell a line."""
        self._on_event(Message(text))

    def wrote(self, what: Written, path: Path, step: int = 0) -> None:
        """Tell of a file."""
        self._on_event(_FILES[what](path, step))


_FILES: Final[dict[Written, Callable[[Path, int], Event]]] = {
    "preview": PreviewWritten,
    "checkpoint": CheckpointSaved,
    "clip": lambda path, _step: ClipWritten(path),
    "page": lambda path, _step: PageWritten(path),
}


def play(event: Event, progress: Progress) -> None:
    """Tell an event to something that draws progress."""
    match event:
        case PhaseStarted(phase, total, unit, done, device):
            progress.start(phase, total, unit, done=done, device=device)
        case Progressed(count=count, note=note):
            progress.advance(count, note)
        case PhaseFinished():
            progress.finish()
        case Message(text):
            progress.say(text)
        case PreviewWritten(path, step):
            progress.wrote("preview", path, step)
        case CheckpointSaved(path, step):
            progress.wrote("checkpoint", path, step)
        case ClipWritten(path):
            progress.wrote("clip", path)
        case PageWritten(path):
            progress.wrote("page", path)
