"""At which frame of a clip is a moment, and when is a frame shown?"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from .errors import RequestError
from .timecode import Duration, Moment, code_of, counted_frame
from .video import ClipInfo

__all__ = ["Clock", "Counting"]

Counting = Literal["zero", "clip"]
"""Whether time codes count from 00:00:00:00 at the clip's first frame, or as the clip's own time code does."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of one clip. Frames are numbered from 0; a number may lie before the clip or after its end.

    Frame numbers and seconds count from the clip's first frame, seconds by the times of its frames; time codes count
    from where ``counting`` says.
    """

    info: ClipInfo
    counting: Counting = "zero"
    _start: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Read the clip's own time code."""
        if self.counting == "clip" and self.info.start_timecode is not None:
            start = counted_frame(Moment.parse(self.info.start_timecode), self.info.average_rate)
            object.__setattr__(self, "_start", start)

    @property
    def length(self) -> int:
        """How many frames the clip has."""
        return len(self.info.pts)

    def __str__(self) -> str:
        """Say how long the clip is, and from where it counts."""
        seconds = float((self.tick(self.length) - self.tick(0)) * self.info.time_base)
        own = f", from {self.info.start_timecode} on" if self._start is not None else ""
        return f"{self.info.path.name} has {self.length} frames ({seconds:.3f} s{own})"

    def frame(self, moment: Moment) -> int:
        """Return the frame at a moment; seconds go to the frame that begins nearest.

        Raises:
            RequestError: No frame of such a clip has that time code, or the clip has none of its own to count from.
        """
        if moment.frames is None:
            return self._nearest(self.tick(0) + moment.seconds / self.info.time_base)
        if not moment.is_timecode:
            return moment.frames
        first = self._first_number(moment)
        return counted_frame(moment, self.info.average_rate) - first

    def code(self, frame: int) -> str:
        """Return a frame's time code, counted as moments are."""
        own = self.info.start_timecode if self._start is not None else None
        return code_of(frame + (self._start or 0), self.info.average_rate, is_drop=own is not None and ";" in own)

    def after(self, frame: int, duration: Duration) -> int:
        """Return the frame that begins when a while has gone by since a frame began."""
        if duration.frames is not None:
            return frame + duration.frames
        if duration.code is not None:
            return frame + counted_frame(duration.code, self.info.average_rate)
        return self._nearest(self.tick(frame) + duration.seconds / self.info.time_base)

    def before(self, frame: int, duration: Duration) -> int:
        """Return the frame from whose beginning a while goes by until a frame begins."""
        if duration.frames is not None:
            return frame - duration.frames
        if duration.code is not None:
            return frame - counted_frame(duration.code, self.info.average_rate)
        return self._nearest(self.tick(frame) - duration.seconds / self.info.time_base)

    def tick(self, frame: int) -> Fraction:
        """Return when a frame begins, in the clip's ticks; beyond the clip, time goes on at its rate."""
        pts, step = self.info.pts, 1 / (self.info.average_rate * self.info.time_base)
        if frame < 0:
            return pts[0] + frame * step
        if frame >= len(pts):
            return pts[-1] + self.info.last_duration + (frame - len(pts)) * step
        return Fraction(pts[frame])

    def way(self, tick: Fraction, first: int, last: int) -> float:
        """Return how much of the way from one frame's beginning to a later one's lies before a tick, 0 to 1."""
        start, end = self.tick(first), self.tick(last)
        return float(min(max((tick - start) / (end - start), Fraction(0)), Fraction(1)))

    def middle(self, frame: int) -> Fraction:
        """Return when half of a frame's time is over, in ticks."""
        return (self.tick(frame) + self.tick(frame + 1)) / 2

    def _nearest(self, tick: Fraction) -> int:
        """Return the frame that begins nearest to a tick, of two that are as near the later."""
        pts, step = self.info.pts, 1 / (self.info.average_rate * self.info.time_base)
        end = self.tick(len(pts))
        if tick < pts[0]:
            return math.floor((tick - pts[0]) / step + Fraction(1, 2))
        if tick >= end:
            return len(pts) + math.floor((tick - end) / step + Fraction(1, 2))
        here = bisect_right(pts, tick) - 1
        return here + (2 * tick >= self.tick(here) + self.tick(here + 1))

    def _first_number(self, moment: Moment) -> int:
        if self.counting == "zero":
            return 0
        own = self.info.start_timecode
        if self._start is None or own is None:
            raise RequestError(
                f"{moment} is to be counted as the clip's own time code, but {self.info.path.name} carries none; drop"
                " timecode: clip and count from 00:00:00:00"
            )
        if moment.is_drop != (";" in own):
            wanted = moment.text[::-1].replace(";" if moment.is_drop else ":", ":" if moment.is_drop else ";", 1)[::-1]
            kind = "drop-frame" if ";" in own else "without dropped numbers"
            raise RequestError(f"{self.info.path.name} counts {kind}, from {own}; write {wanted}")
        return self._start
