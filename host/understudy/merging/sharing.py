"""How many processes merge a clip at a time on this machine?"""

from __future__ import annotations

import os
from typing import Final

from understudy.video import ClipInfo

__all__ = ["usual_jobs"]

_MOST: Final = 8
_CORES_EACH: Final = 2
"""What one keeps busy: a process decodes, merges and encodes in threads of its own, and encoders have several."""

_BYTES: Final = 400 * 1024**2
_FRAMES: Final = 90
"""What one holds: libraries, and frames on their way, most of them in the encoder, which looks ahead."""


def usual_jobs(info: ClipInfo) -> int:
    """Return how many processes merge a clip unless somebody says otherwise: as cores and free memory allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    by_cores, free = max(cores // _CORES_EACH, 1), _free_bytes()
    width, height = info.stored_size
    each = _BYTES + _FRAMES * width * height * (2 if info.color.bit_depth > 8 else 1) * 3
    by_memory = by_cores if free is None else max(free // 2 // each, 1)
    return min(by_cores, by_memory, _MOST)


def _free_bytes() -> int | None:
    """Return how much memory is free; None where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
