"""Which matte belongs to a moment of a clip, and how is it read from a clip, a sequence or a still?"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

from understudy_sdk import ClipPosition, StageError

from . import ExternalConfig
from .clip import MatteClip
from .decode import Matte, decode_matte

__all__ = ["ClipMattes", "Mattes", "SequenceMattes", "StillMatte", "open_mattes"]

PICTURES: Final = {".bmp", ".dpx", ".exr", ".jpeg", ".jpg", ".png", ".tga", ".tif", ".tiff", ".webp"}

_TOLERANCE: Final = Fraction(1, 4)
"""By how much of its own duration a matte may come late: containers round times, so that equal moments may differ."""


class Mattes(Protocol):
    """Mattes over time; each has a whole number for a name."""

    def number_at(self, at: ClipPosition) -> int:
        """Return the number of the matte that belongs to a clip's moment, whether it is there or not."""
        ...

    def nearest(self, number: int) -> int:
        """Return the same number if that matte is there; else that of the nearest earlier one, or of the first."""
        ...

    def read(self, number: int) -> Matte:
        """Return a matte that is there, uint8 or uint16 (H, W)."""
        ...

    def extent(self) -> str:
        """Say in words which mattes there are."""
        ...


def open_mattes(path: Path, config: ExternalConfig, threads: int) -> Mattes:
    """Return the mattes at a path: a folder of pictures, one picture, or a clip.

    Raises:
        StageError: There is nothing, or nothing that can be read.
    """
    if path.is_dir():
        return SequenceMattes(path, config)
    if path.suffix.lower() in PICTURES:
        return StillMatte(path, config)
    return ClipMattes(MatteClip(path, config.channel, threads), config)


class StillMatte:
    """One picture for every moment."""

    def __init__(self, path: Path, config: ExternalConfig) -> None:
        self._path, self._channel = path, config.channel

    def number_at(self, at: ClipPosition) -> int:  # noqa: ARG002 - it is the same at any moment
        """Return 0."""
        return 0

    def nearest(self, number: int) -> int:
        """Return the number."""
        return number

    def read(self, number: int) -> Matte:  # noqa: ARG002 - there is only one
        """Return the picture."""
        return decode_matte(self._path, self._channel)

    def extent(self) -> str:
        """Say that it is one picture."""
        return "it is a still picture"


class SequenceMattes:
    """Numbered pictures in a folder, matched frame by frame, or by time where their rate is known."""

    def __init__(self, folder: Path, config: ExternalConfig) -> None:
        self._channel = config.channel
        self._files = _numbered(folder)
        self._numbers = sorted(self._files)
        self._rate = Fraction(config.rate) if config.rate else None
        start = self._numbers[0] if config.start_number is None else config.start_number
        self._first = start + config.offset_frames

    def number_at(self, at: ClipPosition) -> int:
        """Return the number that a picture of this moment has."""
        count = at.frame if self._rate is None else math.floor(at.time_s * self._rate + _TOLERANCE)
        return self._first + count

    def nearest(self, number: int) -> int:
        """Return the same number if that picture is there; else the nearest lower one, or the lowest."""
        return self._numbers[max(0, bisect_right(self._numbers, number) - 1)]

    def read(self, number: int) -> Matte:
        """Return a picture."""
        return decode_matte(self._files[number], self._channel)

    def extent(self) -> str:
        """Say which numbers there are."""
        return f"it has {len(self._numbers)} pictures, numbered {self._numbers[0]} to {self._numbers[-1]}"


class ClipMattes:
    """The frames of a clip, matched by time from its first frame on, whatever its rate."""

    def __init__(self, clip: MatteClip, config: ExternalConfig) -> None:
        self._clip, self._offset = clip, config.offset_frames
        self._ticks = [pts - clip.pts[0] for pts in clip.pts]
        self._step = Fraction(clip.step)

    def number_at(self, at: ClipPosition) -> int:
        """Return the position of the frame that is shown at this moment; counted on past the clip's end."""
        now = at.time_s / self._clip.time_base + self._step * _TOLERANCE
        number = bisect_right(self._ticks, now) - 1
        if number == len(self._ticks) - 1:
            number += math.floor((now - self._ticks[-1]) / self._step)
        return number + self._offset

    def nearest(self, number: int) -> int:
        """Return the position itself, or that of the first or the last frame."""
        return min(max(number, 0), len(self._ticks) - 1)

    def read(self, number: int) -> Matte:
        """Return a frame."""
        return self._clip.read(number)

    def extent(self) -> str:
        """Say how long it is."""
        length = float((self._ticks[-1] + self._step) * self._clip.time_base)
        return f"it has {len(self._ticks)} frames and lasts {length:.3f} s"


def _numbered(folder: Path) -> dict[int, Path]:
    """Return a folder's pictures by the last number in their names.

    Raises:
        StageError: There are none, or those of more than one sequence.
    """
    files: dict[int, Path] = {}
    names: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        digits = re.fullmatch(r"(.*?)(\d+)(\D*)", path.stem)
        if digits is None or path.suffix.lower() not in PICTURES or path.name.startswith("."):
            continue
        files[int(digits[2])] = path
        names.setdefault(f"{digits[1]}#{digits[3]}{path.suffix}", path)
    if not files:
        raise StageError(
            f"the folder {folder} holds no numbered pictures\n  wanted are names such as matte_0001.png, "
            f"of these kinds: {', '.join(sorted(PICTURES))}"
        )
    if len(names) > 1:
        one, other = list(names.values())[:2]
        raise StageError(
            f"the folder {folder} holds more than one sequence: {one.name} and {other.name}\n"
            f"  put each into a folder of its own"
        )
    return files
