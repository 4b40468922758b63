"""Which moment of a clip, or how long a while, does a person mean who writes it down?"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .errors import RequestError

__all__ = ["Duration", "Moment", "code_of", "counted_frame", "nominal_rate"]

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?:([:;])(\d{2,3})|\.(\d{1,6}))")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?s")

_DROPPED: Final = {30: 2, 60: 4}
"""How many numbers drop-frame time code leaves out at the start of a minute, by frames counted per second."""

_MOMENT_FORMS: Final = "HH:MM:SS:FF, HH:MM:SS;FF (drop-frame), HH:MM:SS.mmm or a frame number"
_DURATION_FORMS: Final = "a number of frames, seconds such as 0.5s, HH:MM:SS:FF or HH:MM:SS.mmm"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a clip.

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
        """Read a time code, a reading with decimals, or a frame number.

        Raises:
            RequestError: It is none of these.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(0, value, Fraction(0), str(value))
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise RequestError(f"must be {_MOMENT_FORMS}, but is {value!r}")
        hours, minutes, seconds, _, frames, decimals = match.groups()
        whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
        if frames is not None:
            return cls(whole_s, int(frames), Fraction(0), match[0])
        return cls(whole_s, None, Fraction(f"0.{decimals}"), match[0])

    @property
    def is_timecode(self) -> bool:
        """Whether it counts hours, minutes, seconds and frames."""
        return self.frames is not None and ":" in self.text

    @property
    def is_drop(self) -> bool:
        """Whether it is time code that leaves out numbers, which a semicolon says."""
        return ";" in self.text

    @property
    def seconds(self) -> Fraction:
        """A reading with decimals in seconds."""
        return self.whole_s + self.decimals_s

    def is_not_after(self, other: Moment) -> bool:
        """Tell whether it lies at or before another for certain; False where that depends on the clip."""
        if self._form() != other._form():
            return False
        mine, others = ((one.whole_s, one.frames or 0, one.decimals_s) for one in (self, other))
        return mine <= others

    def _form(self) -> tuple[bool, bool, bool]:
        return self.frames is None, self.is_timecode, self.is_drop

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Duration:
    """How long something takes.

    Attributes:
        frames: In frames; None where it is told in seconds or as a time code.
        seconds: In seconds, of a reading with decimals.
        code: A time code, whose frames are counted; None for the other forms.
        text: As written.
    """

    frames: int | None
    seconds: Fraction
    code: Moment | None
    text: str

    @classmethod
    def parse(cls, value: object) -> Duration:
        """Read a number of frames, seconds, or a clock reading.

        Raises:
            RequestError: It is none of these.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value, Fraction(0), None, str(value))
        if isinstance(value, str) and (match := _SECONDS.fullmatch(value)):
            return cls(None, Fraction(match[1]), None, value)
        try:
            read = Moment.parse(value)
        except RequestError:
            read = None
        if read is None or read.is_drop:  # numbers that are left out depend on where one begins to count
            raise RequestError(f"must be {_DURATION_FORMS}, but is {value!r}")
        return cls(None, read.seconds, read if read.is_timecode else None, read.text)

    def __str__(self) -> str:
        return f"{self.text} frames" if self.frames is not None else self.text


def nominal_rate(rate: Fraction) -> int:
    """Return how many frames time code counts in a second."""
    return math.floor(rate + Fraction(1, 2))


def code_of(number: int, rate: Fraction, *, is_drop: bool = False) -> str:
    """Return the time code of the frame before which so many are counted: ``counted_frame`` the other way round.

    Args:
        number: How many frames lie before it, counted from 00:00:00:00.
        rate: Frames per second of the clip.
        is_drop: Whether numbers are left out, at 29.97 and 59.94.
    """
    nominal = nominal_rate(rate)
    left_out = _DROPPED.get(nominal, 0) if is_drop else 0
    if left_out:
        a_minute = nominal * 60 - left_out
        tens, rest = divmod(number, a_minute * 10 + left_out)
        minutes = max(rest - left_out, 0) // a_minute  # the first of ten leaves nothing out
        number += left_out * (tens * 9 + minutes)
    seconds, frames = divmod(number, nominal)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{';' if left_out else ':'}{frames:02}"


def counted_frame(code: Moment, rate: Fraction) -> int:
    """Return how many frames lie before a time code's frame, counted from 00:00:00:00, as editors do.

    Frames are counted at the rate rounded to a whole number. Drop-frame time code leaves out the first two numbers of
    each minute (four at 59.94), but not of each tenth minute, so that it keeps up with the clock.

    Args:
        code: The time code.
        rate: Frames per second of the clip.

    Raises:
        RequestError: No frame of a clip of this rate has that time code.
    """
    nominal, frames = nominal_rate(rate), code.frames or 0
    if frames >= nominal:
        raise RequestError(f"the time code {code} counts {frames} frames in a second of a clip that has {nominal}")
    number = code.whole_s * nominal + frames
    if not code.is_drop:
        return number
    left_out = _DROPPED.get(nominal, 0)
    if not left_out or abs(rate - Fraction(nominal * 1000, 1001)) > Fraction(1, 100):
        raise RequestError(
            f"{code} is drop-frame time code, which counts 29.97 or 59.94 frames in a second, but the clip has"
            f" {float(rate):.6g}; write {code.text.replace(';', ':')}"
        )
    minutes, seconds = divmod(code.whole_s, 60)
    if minutes % 10 and not seconds and frames < left_out:
        first = f"{code.text[:-2]}0{left_out}"
        raise RequestError(f"drop-frame time code leaves {code} out; the minute begins with {first}")
    return number - left_out * (minutes - minutes // 10)
