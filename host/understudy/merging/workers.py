"""How do several processes merge chunks of a clip at the same time?

Each is told the clip once and then one chunk after the other, and tells how far it is. They are started afresh rather
than forked: a copy of a process whose threads hold locks may wait for ever.
"""

from __future__ import annotations

import multiprocessing
import pickle  # between processes of our own alone
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Final, Self

from understudy.carried import CarriedError, carry
from understudy.errors import ProcessDiedError
from understudy.matrix_threads import one_blas_thread
from understudy.progress import Progress, Silent

from .orders import Chunk, ClipOrder

__all__ = ["Workers"]

_ENDING_S: Final = 10.0
"""How long a process that is stopped may take to put its files in order."""


class Workers:
    """Processes that merge chunks of one clip; a context manager, on whose exit by an error they are stopped."""

    def __init__(self, order: ClipOrder, count: int, threads: int) -> None:
        """Start nothing yet.

        Args:
            order: The clip.
            count: How many processes.
            threads: How many threads each keeps busy with decoding and with pictures.
        """
        self._order, self._count, self._threads = order, count, threads
        self._all: list[_Worker] = []

    def __enter__(self) -> Self:
        """Start the processes."""
        content = pickle.dumps(self._order)
        try:
            for _ in range(self._count):
                self._all.append(_Worker(content, self._threads))
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the processes go; after an error they are stopped in their work."""
        if error is None:
            for worker in self._all:
                worker.dismiss()
        self._stop()

    @property
    def has_idle(self) -> bool:
        """Whether one of them waits for a chunk."""
        return any(worker.chunk is None for worker in self._all)

    @property
    def are_busy(self) -> bool:
        """Whether one of them is at work."""
        return any(worker.chunk is not None for worker in self._all)

    def give(self, chunk: Chunk) -> None:
        """Hand a chunk to one that is idle."""
        next(worker for worker in self._all if worker.chunk is None).take(chunk)

    def hear(self, progress: Progress, timeout_s: float | None) -> None:
        """Pass on what is told of chunks; waits for something to be told. Who has finished one is idle afterwards.

        Args:
            progress: Hears of every frame.
            timeout_s: How long it waits at most; None is as long as it takes.

        Raises:
            UnderstudyError: One of the processes met it, or died.
        """
        busy = {worker.pipe: worker for worker in self._all}
        for pipe in wait(list(busy), timeout_s):
            worker = busy[pipe]  # type: ignore[index]  # only pipes were given
            for what, value in worker.heard():
                if what == "advance":
                    progress.advance(value)
                elif what == "say":
                    progress.say(value)
                elif what == "done":
                    worker.chunk = None
                else:
                    raise value.error()

    def _stop(self) -> None:
        for worker in self._all:
            worker.process.terminate()
        for worker in self._all:
            worker.end()


class _Worker:
    """One process, as seen from outside."""

    def __init__(self, content: bytes, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, content, threads), daemon=True)
        self.chunk: Chunk | None = None
        with _without_interrupts():
            self.process.start()
        theirs.close()  # so that the end of the process is the end of the pipe

    def take(self, chunk: Chunk) -> None:
        self.chunk = chunk
        try:
            self.pipe.send(chunk)
        except OSError:
            raise self._died() from None

    def heard(self) -> Iterator[tuple[str, Any]]:
        """Yield all that was told and not heard yet."""
        try:
            while self.pipe.poll():
                yield self.pipe.recv()
        except (EOFError, OSError):
            raise self._died() from None

    def dismiss(self) -> None:
        """Say that there is nothing more to do, and wait until it has ended."""
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(_ENDING_S)

    def end(self) -> None:
        self.process.join(_ENDING_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()
        self.process.close()

    def _died(self) -> ProcessDiedError:
        self.process.join(_ENDING_S)
        doing = f"merging frames {self.chunk.span[0]} to {self.chunk.span[1] - 1}" if self.chunk else "starting"
        return ProcessDiedError(doing, self.process.exitcode)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let a process that is started not hear Ctrl-C, which is for the one that started it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Telling(Silent):
    """Tells the process that gave the work how far it is; when that has gone, this one ends too."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def advance(self, count: int = 1, note: str = "") -> None:  # noqa: ARG002 - the other draws it
        self._pipe.send(("advance", count))

    def say(self, text: str) -> None:
        self._pipe.send(("say", text))


def _work(pipe: Connection, content: bytes, threads: int) -> None:
    """Merge what is asked for, until nothing more is: the whole life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    try:
        _merge_all(pipe, content, threads)
    except (EOFError, ConnectionError):
        return  # whoever gave the work has gone
    except Exception as error:  # noqa: BLE001 - raised where the work was given
        _tell(pipe, carry(error))


def _merge_all(pipe: Connection, content: bytes, threads: int) -> None:
    import cv2

    from .chunks import ChunkMerger  # noqa: PLC0415

    cv2.setNumThreads(threads)
    order: ClipOrder = pickle.loads(content)  # noqa: S301 - made by the process that started this one
    with one_blas_thread(), ChunkMerger(order, threads) as merger:
        while (chunk := pipe.recv()) is not None:
            merger.merge(chunk, _Telling(pipe))
            pipe.send(("done", None))


def _tell(pipe: Connection, error: CarriedError) -> None:
    with suppress(OSError):
        pipe.send(("failed", error))


def _leave(*_: object) -> None:
    raise SystemExit(1)
