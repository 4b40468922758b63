"""How many processes merge a clip at a time on this machine, and how many encoders does its memory hold?"""

from __future__ import annotations

import os
from typing import Final

import psutil

from understudy.video import ClipInfo

__all__ = ["has_room_for_two", "usual_jobs"]

_MOST: Final = 8
_CORES_EACH: Final = 2
"""What one keeps busy: a process decodes, merges and encodes in threads of its own, and encoders have several."""

_BYTES: Final = 400 * 1024**2
_FRAMES: Final = 90
"""What one holds: libraries, and frames on their way, most of them in the encoder, which looks ahead."""


def usual_jobs(info: ClipInfo) -> int:
    """Return how many processes merge a clip unless somebody says otherwise: as cores and memory allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    by_cores = max(cores // _CORES_EACH, 1)
    return max(min(by_cores, _places(info), _MOST), 1)


def has_room_for_two(info: ClipInfo) -> bool:
    """Tell whether memory holds two encoders of a clip's frames at a time."""
    return _places(info) > 1


def _places(info: ClipInfo) -> int:
    """Return how many encoders of a clip's frames, and all that goes with them, half of the available memory holds."""
    width, height = info.stored_size
    each = _BYTES + _FRAMES * width * height * (2 if info.color.bit_depth > 8 else 1) * 3
    return int(psutil.virtual_memory().available) // 2 // each
