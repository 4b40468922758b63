"""How are chunks of a clip merged in a thread, while the one that gives them predicts?

To who gives the work it is one more process of ``workers``: it is handed one chunk after the other, and what it tells
is heard when its giver listens, in the giver's own thread.
"""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Any, Final, Self

from understudy.ahead import Seen, see_out
from understudy.progress import Progress, Silent

from .chunks import ChunkMerger
from .orders import Chunk, ClipOrder

__all__ = ["MergingThread"]

_READY: Final = "ready"


class MergingThread:
    """A thread that merges chunks of one clip; a context manager, on whose exit by an error it stops at a frame.

    All that mergers do, their making included, is done in the thread, for a library may hold them to one.
    """

    def __init__(self, order: ClipOrder, threads: int) -> None:
        """Start nothing yet; ``threads`` decode at the same time."""
        self._order, self._threads = order, threads
        self._given: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        self._told: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._chunk: Chunk | None = None
        self._thread = Seen(self._work, "merge")

    def __enter__(self) -> Self:
        """Start the thread, and wait until its mergers are built.

        Raises:
            UnderstudyError: One of them cannot be built.
        """
        self._thread.start()
        try:
            self._take(*self._told.get(), Silent())
        except BaseException:
            self._end(is_stopped=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the thread end; after an error it is stopped in its work, and drops the chunk that it was at."""
        self._end(is_stopped=error is not None)

    @property
    def has_idle(self) -> bool:
        """Whether it waits for a chunk."""
        return self._chunk is None

    @property
    def are_busy(self) -> bool:
        """Whether it is at work."""
        return self._chunk is not None

    def give(self, chunk: Chunk) -> None:
        """Hand over a chunk; it is idle."""
        self._chunk = chunk
        self._given.put(chunk)

    def hear(self, progress: Progress, timeout_s: float | None) -> None:
        """Pass on what is told of the chunk; waits for something to be told. Once it is finished, the thread is idle.

        Args:
            progress: Hears of every frame, here in the caller's thread.
            timeout_s: How long it waits at most; None is as long as it takes.

        Raises:
            UnderstudyError: The thread met it.
        """
        while True:
            try:
                told = self._told.get(timeout=timeout_s)
            except queue.Empty:
                return
            self._take(*told, progress)
            timeout_s = 0.0  # the rest only if it is there

    def _take(self, what: str, value: Any, progress: Progress) -> None:
        if what == "advance":
            progress.advance(value)
        elif what == "failed":
            raise value
        elif what == "done":
            self._chunk = None

    def _end(self, *, is_stopped: bool) -> None:
        if is_stopped:
            self._stopped.set()
        see_out(self._thread, lambda: self._given.put(None))

    def _work(self) -> None:
        """Merge what is given, until nothing more is: the whole life of the thread."""
        telling = _Telling(self._told, self._stopped)
        try:
            with ChunkMerger(self._order, self._threads) as merger:
                self._told.put((_READY, None))
                while (chunk := self._given.get()) is not None:
                    merger.merge(chunk, telling)
                    self._told.put(("done", None))
        except BaseException as error:  # noqa: BLE001 - raised where the work was given
            self._told.put(("failed", error))


class _Telling(Silent):
    """Tells the giver how far the thread is, and ends the work where it tells once that is to stop."""

    def __init__(self, told: queue.SimpleQueue[tuple[str, Any]], stopped: threading.Event) -> None:
        self._told, self._stopped = told, stopped

    def advance(self, count: int = 1, note: str = "") -> None:  # noqa: ARG002 - the giver draws it
        self._told.put(("advance", count))
        if self._stopped.is_set():
            raise _Stopped


class _Stopped(Exception):  # noqa: N818 - nobody's fault, and heard by nobody
    """The giver wants no more."""
