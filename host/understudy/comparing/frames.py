"""Which frames of the clip are compared?"""

from __future__ import annotations

from typing import Final

import numpy as np

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.timecode import Moment
from understudy.tuning import parse_positions

__all__ = ["chosen_spans"]

Span = tuple[int, int]
"""First frame and the frame after the last."""

_PLACES: Final = 6
"""Of a sample: so many pairs of frames that follow each other, for how steady a swap is shows between two."""


def chosen_spans(clock: Clock, frames: str | None = None, ranges: str | None = None) -> list[Span]:
    """Return the spans of frames that a person names, in order and apart, or an evenly spread sample.

    Args:
        clock: Of the clip.
        frames: Such as ``100,200-210``, as ``parse_positions`` reads it; the last one counts.
        ranges: Such as ``00:00:01:00-00:00:02:12``; the last one does not, as in a project's ranges.

    Raises:
        RequestError: They cannot be read, or do not lie in the clip.
    """
    total = clock.length
    wanted = [(frame, frame + 1) for frame in parse_positions(frames, clock)] if frames else []
    wanted += [_range(text.strip(), clock) for text in ranges.split(",")] if ranges else []
    for first, stop in wanted:
        if not 0 <= first < stop <= total:
            raise RequestError(
                f"frames {first} to {stop - 1} are not all in {clock.info.path.name}, which has {total}, from 0 on"
            )
    if not wanted:
        starts = np.unique(np.linspace(0, max(total - 2, 0), _PLACES + 2).round().astype(int))[1:-1].tolist() or [0]
        wanted = [(start, min(start + 2, total)) for start in starts]
    return _united(wanted)


def _range(text: str, clock: Clock) -> Span:
    start, dash, end = text.partition("-")
    if not dash:
        raise RequestError(f"--ranges takes spans such as 00:00:01:00-00:00:02:12, not {text!r}")
    first, stop = (clock.frame(Moment.parse(int(one) if one.isdecimal() else one)) for one in (start, end))
    return first, stop


def _united(spans: list[Span]) -> list[Span]:
    united: list[Span] = []
    for first, stop in sorted(spans):
        if united and first <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], stop)
        else:
            united.append((first, stop))
    return united
