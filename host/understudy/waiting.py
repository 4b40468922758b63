"""Which plugin has been waited for so long that the user should know?

One thread looks at all that is waited for, now and then. It ends nothing: what is slow may be fine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

__all__ = ["LOADING_S", "WORKING_S", "waited_for"]

LOADING_S: Final = 20.0
"""How long a plugin may load before that is told."""

WORKING_S: Final = 60.0
"""How long one call of a stage may take before that is told."""

_LOOK_EVERY_S: Final = 0.5
_logger = logging.getLogger("understudy")


@dataclass(slots=True)
class _Wait:
    """Something that is waited for: since when, and when that is to be told (again)."""

    what: str
    advice: str
    since_s: float
    due_s: float


class _Watch:
    """All that is waited for, by thread; of what is waited for inside each other only the innermost is told."""

    def __init__(self) -> None:
        self._waits: dict[int, list[_Wait]] = {}
        self._changed = threading.Condition()
        self._is_awake = False

    def enter(self, wait: _Wait) -> None:
        with self._changed:
            self._waits.setdefault(threading.get_ident(), []).append(wait)
            if not self._is_awake:
                self._is_awake = True
                threading.Thread(target=self._look, name="understudy-watch", daemon=True).start()

    def leave(self) -> None:
        with self._changed:
            waits = self._waits[threading.get_ident()]
            waits.pop()
            if not waits:
                del self._waits[threading.get_ident()]

    def _look(self) -> None:
        """Tell what is due, until nothing has been waited for since the last look."""
        idle = 0
        while idle < 20:
            time.sleep(_LOOK_EVERY_S)
            with self._changed:
                now = time.monotonic()
                due = [waits[-1] for waits in self._waits.values() if waits[-1].due_s <= now]
                idle = 0 if self._waits else idle + 1
                self._is_awake = idle < 20
            for wait in due:
                waited_s = now - wait.since_s
                wait.due_s = now + waited_s  # after twice as long again
                _logger.warning("%s, for %.0f s now\n  %s", wait.what, waited_s, wait.advice)


_WATCH: Final = _Watch()


@contextmanager
def waited_for(what: str, advice: str, first_s: float) -> Iterator[None]:
    """Tell, while the work inside takes longer than ``first_s`` seconds, that it is waited for; and again, ever later.

    What is told goes to the logger ``understudy``, which writes warnings to stderr unless a program says otherwise.

    Args:
        what: Who is waited for, and doing what.
        advice: What the user may do about it.
        first_s: Seconds after which that is told first.
    """
    now = time.monotonic()
    _WATCH.enter(_Wait(what, advice, now, now + first_s))
    try:
        yield
    finally:
        _WATCH.leave()
