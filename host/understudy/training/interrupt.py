"""How does Ctrl-C wait until a step is done?

In the middle of a step a model is half altered and cannot be saved. The first Ctrl-C is therefore only noted; a
second one interrupts at once, and what was learnt since the last checkpoint is lost.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interrupts"]


class Interrupts:
    """Notes the first Ctrl-C while the block runs; outside the main thread, where none arrives, it does nothing."""

    def __init__(self) -> None:
        """Change nothing yet."""
        self.is_asked = False
        self._is_watching = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Interrupts:
        """Watch."""
        if self._is_watching:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Put back what Ctrl-C did before."""
        if self._is_watching:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
