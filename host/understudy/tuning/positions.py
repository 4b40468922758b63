"""Which frames of a clip does a person mean who writes ``100,200-210,00:00:03:00-00:00:04:12``?"""

from __future__ import annotations

import re
from typing import Final

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.timecode import Moment

__all__ = ["parse_positions"]

_FORMS: Final = "frame numbers or time codes, and ranges of them such as 200-210, parted by commas"


def parse_positions(text: str, clock: Clock) -> list[int]:
    """Return the positions of the frames that a text names, ascending, each once.

    A range holds both its ends, as the marks of an editor do.

    Args:
        text: As a person writes it.
        clock: The clip's.

    Raises:
        RequestError: A part of it is no moment, lies beyond the clip, or a range ends before it begins.
    """
    found: set[int] = set()
    for part in filter(None, (one.strip() for one in text.split(","))):
        first, dash, last = part.partition("-")
        start = _frame(first, part, clock)
        stop = _frame(last, part, clock) if dash else start
        if stop < start:
            raise RequestError(f"--frames: the range {part} ends before it begins")
        found.update(range(start, stop + 1))
    if not found:
        raise RequestError(f"--frames names no frame; write {_FORMS}")
    return sorted(found)


def _frame(text: str, part: str, clock: Clock) -> int:
    plain = text.strip()
    try:
        position = clock.frame(Moment.parse(int(plain) if re.fullmatch(r"\d{1,9}", plain) else plain))
    except RequestError as error:
        raise RequestError(f"--frames: {part!r} is not understood: {error}\n  write {_FORMS}") from error
    if not 0 <= position < clock.length:
        raise RequestError(f"--frames: {part} lies beyond the clip: {clock}\n  its last frame is {clock.length - 1}")
    return position
