"""How does one thread make values while another uses them, and how do both come to an end?"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Generic, TypeVar

__all__ = ["Behind", "Seen", "ahead", "see_out"]

T = TypeVar("T")

_END: Final = object()


def ahead(values: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield the values in order while a thread makes up to ``depth`` more.

    An exception in the thread is raised here; when the caller stops early, the thread ends too. Whoever closes what the
    values are made from closes this generator first, for until then the thread may be at it: an error's traceback keeps
    generators alive that nobody closed.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(value: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(value, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for value in values:
                if not put(value):
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            put(_Raised(error))

    thread = Seen(work, "ahead")
    thread.start()
    try:
        while (value := waiting.get()) is not _END:
            if isinstance(value, _Raised):
                raise value.error
            yield value  # type: ignore[misc]  # the queue holds what ``values`` gave
    finally:
        see_out(thread, stopped.set)


class Behind(Generic[T]):
    """Feeds values to a slow consumer in a thread, at most ``depth`` of them waiting.

    Leaving the ``with`` block says that no more come, and does not wait for the consumer to come to its end:
    ``result`` does. After an error it does wait; what the consumer has not begun is dropped, and it closes by an error.
    """

    def __init__(self, opened: AbstractContextManager[Callable[[T], None]], depth: int) -> None:
        """Start nothing yet.

        Args:
            opened: Gives what is called once per value, in order; it is entered and left in the thread too.
            depth: How many values may wait.
        """
        self._opened = opened
        self._waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
        self._error: BaseException | None = None
        self._is_dropped = False
        self._thread = Seen(self._work, "behind")

    def __enter__(self) -> Behind[T]:
        """Start the thread."""
        self._thread.start()
        return self

    def put(self, value: T) -> None:
        """Hand on one value; waits while the consumer is behind, and raises what it has raised."""
        self.check()
        self._waiting.put(value)

    def check(self) -> None:
        """Raise what the consumer has raised so far."""
        if self._error is not None:
            raise self._error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say that no more come."""
        try:
            if error is None:
                self._waiting.put(_END)  # waits where the queue is full, and may be interrupted there
                return
        except BaseException:
            self._drop()
            raise
        self._drop()

    def _drop(self) -> None:
        self._is_dropped = True
        see_out(self._thread, lambda: self._waiting.put(_END))

    def wait(self) -> None:
        """Wait until the consumer is closed, if it was ever begun; what it raised is not raised here."""
        see_out(self._thread, lambda: None)

    def result(self) -> None:
        """Wait until the consumer is closed, and raise what it has raised."""
        self.wait()
        self.check()

    def _work(self) -> None:
        values = iter(self._waiting.get, _END)
        try:
            with self._opened as use:
                for value in values:
                    self._go_on()
                    use(value)  # type: ignore[arg-type]  # only ``put`` fills the queue
                self._go_on()
        except _Dropped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            self._error = error
        for _ in values:
            pass  # so that nobody waits to put something into a queue that is full

    def _go_on(self) -> None:
        if self._is_dropped:
            raise _Dropped


class Seen(threading.Thread):
    """A thread that tells when its work has ended; Python 3.11 takes one for ended whose ``join`` is interrupted."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        """Start nothing yet."""
        super().__init__(target=work, name=name, daemon=True)
        self._ended = threading.Event()

    def run(self) -> None:
        """Do the work."""
        try:
            super().run()
        finally:
            self._ended.set()

    @property
    def is_at_work(self) -> bool:
        """Whether it was started and has not ended."""
        return self.ident is not None and not self._ended.is_set()

    def wait(self) -> None:
        """Wait until the work has ended."""
        self._ended.wait()


def see_out(thread: Seen, tell: Callable[[], object]) -> None:
    """Tell a thread to end and wait until it has, also if Ctrl-C comes meanwhile, which is raised afterwards.

    What the thread works with can be closed then. A file or an encoder that is closed under it crashes the process.
    """
    interruption: BaseException | None = None
    while thread.is_at_work:
        try:
            tell()
            thread.wait()
        except BaseException as error:  # noqa: BLE001 - raised below
            interruption = error
    if interruption is not None:
        raise interruption
    if thread.ident is not None:
        thread.join()


class _Dropped(Exception):  # noqa: N818 - nobody's fault, and heard by nobody
    """What is waiting is not wanted any more."""


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
