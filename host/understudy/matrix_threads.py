"""How many threads do matrix products take while threads of our own keep the cores busy?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

__all__ = ["one_blas_thread"]


class _Limit:
    """The limit that the process has in all its threads, and how many hold it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._holders = 0
        self._limits: Any = None

    def hold(self) -> None:
        """Set it, if nobody did."""
        with self._guard:
            self._holders += 1
            if self._holders == 1:
                self._limits = threadpool_limits(limits=1, user_api="blas")

    def release(self) -> None:
        """Take it back, if nobody holds it any longer."""
        with self._guard:
            self._holders -= 1
            if not self._holders:
                self._limits.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let matrix products of numpy and scipy take one thread each, for the whole process.

    Blocks may overlap in several threads of a program; with the last one's end all is as it was before the first.
    """
    _LIMIT.hold()
    try:
        yield
    finally:
        _LIMIT.release()
