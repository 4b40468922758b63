"""How is a thread kept from being made more urgent than all others of the machine?

SVT-AV1, opened by the superuser, gives the thread that opens it real-time priority and leaves it there (seen with the
SVT-AV1 in PyAV 18.1). What else runs, torch's own threads among it, then waits. To be dropped when it no longer does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["usual_scheduling"]


@contextmanager
def usual_scheduling() -> Iterator[None]:
    """Give the calling thread back the scheduling it had before the block."""
    if not hasattr(os, "sched_setscheduler"):  # not a system where this happens
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, parameters)
