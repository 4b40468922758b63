"""At which frame is a moment that a person writes down?"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from .errors import RequestError

__all__ = ["Moment"]

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?::(\d{2,3})|\.(\d{1,6}))")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a clip, counted from its first frame.

    Attributes:
        whole_s: Whole seconds of a clock reading; 0 for a frame number.
        frames: Frames beyond those seconds, or the frame number itself; None for a reading with decimals.
        decimals_s: What a reading with decimals has beyond whole seconds.
        text: As written.
    """

    whole_s: int
    frames: int | None
    decimals_s: Fraction
    text: str

    @classmethod
    def parse(cls, value: object) -> Moment:
        """Read ``HH:MM:SS:FF``, ``HH:MM:SS.mmm`` or a frame number.

        Raises:
            RequestError: It is none of these.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(0, value, Fraction(0), str(value))
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise RequestError(f"must be HH:MM:SS:FF, HH:MM:SS.mmm or a frame number, but is {value!r}")
        hours, minutes, seconds, frames, decimals = match.groups()
        whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
        if frames is not None:
            return cls(whole_s, int(frames), Fraction(0), match[0])
        return cls(whole_s, None, Fraction(f"0.{decimals}"), match[0])

    def frame(self, rate: Fraction) -> int:
        """Return the frame's number, counted from 0.

        Time code counts frames at the rate rounded to a whole number, without dropped numbers, as editors do;
        a reading with decimals is true time and goes to the nearest frame's start.

        Args:
            rate: Frames per second of the clip.

        Raises:
            RequestError: The time code counts more frames than a second of this clip has.
        """
        if self.frames is None:
            return math.floor((self.whole_s + self.decimals_s) * rate + Fraction(1, 2))
        nominal = math.floor(rate + Fraction(1, 2))
        if ":" in self.text and self.frames >= nominal:
            raise RequestError(
                f"the time code {self.text} counts {self.frames} frames in a second of a clip that has {nominal}"
            )
        return self.whole_s * nominal + self.frames

    def is_not_after(self, other: Moment) -> bool:
        """Tell whether it lies at or before another for certain; False where that depends on the clip's rate."""
        if (self.frames is None) != (other.frames is None) or (":" in self.text) != (":" in other.text):
            return False
        mine, others = ((one.whole_s, one.frames or 0, one.decimals_s) for one in (self, other))
        return mine <= others

    def __str__(self) -> str:
        return self.text
