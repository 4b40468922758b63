"""Which frames stand so near another in time that their swaps can steady its own?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from understudy.predicting import BATCH_FRAMES

__all__ = ["MOST_NEIGHBOURS", "REACH_S", "Window"]

MOST_NEIGHBOURS: Final = 3
"""Frames looked at on either side, at most."""

REACH_S: Final = Fraction(1, 8)
"""And how far away, in seconds: three frames of film, and less than an eighth of a second of anything."""

_FADING_S: Final = 0.1  # by so much time, a neighbour's weight is down to 0.61 of what it would be


@dataclass(frozen=True, slots=True)
class Window:
    """The neighbours of a clip's frames.

    Attributes:
        pts: When each frame is shown, in ticks.
        time_base: Seconds per tick.
        strength: 0 to 1, how much a neighbour's prediction weighs beside the frame's own.
        color_strength: 0 to 1, how much its colours weigh. With both at 0 no frame has neighbours.
    """

    pts: Sequence[int]
    time_base: Fraction
    strength: float
    color_strength: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether frames have neighbours at all."""
        return bool(self.strength or self.color_strength)

    def around(self, frame: int) -> tuple[int, int]:
        """Return the first frame of a frame's neighbourhood and the one after its last; itself is among them."""
        if not self.is_open:
            return frame, frame + 1
        first, last = frame, frame
        while first > 0 and frame - first < MOST_NEIGHBOURS and self._are_near(first - 1, frame):
            first -= 1
        while last + 1 < len(self.pts) and last - frame < MOST_NEIGHBOURS and self._are_near(frame, last + 1):
            last += 1
        return first, last + 1

    def widened(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return a span with all neighbours of its frames, grown to whole batches.

        A frame is swapped in the company of its batch, so that all of this counts for what the span becomes.
        """
        if not self.is_open or span[0] >= span[1]:
            return span
        first, stop = self.around(span[0])[0], self.around(span[1] - 1)[1]
        whole = -(-stop // BATCH_FRAMES) * BATCH_FRAMES
        return first // BATCH_FRAMES * BATCH_FRAMES, min(whole, len(self.pts))

    def weight(self, frame: int, other: int) -> float:
        """Return what a neighbour's prediction weighs for its nearness in time; the frame's own weighs 1."""
        return self.strength * self._nearness(frame, other)

    def color_weight(self, frame: int, other: int) -> float:
        """Return what a neighbour's colours weigh; the frame's own weigh 1."""
        return self.color_strength * self._nearness(frame, other)

    def _nearness(self, frame: int, other: int) -> float:
        apart_s = float((self.pts[other] - self.pts[frame]) * self.time_base)
        return math.exp(-0.5 * (apart_s / _FADING_S) ** 2)

    def _are_near(self, before: int, after: int) -> bool:
        return (self.pts[after] - self.pts[before]) * self.time_base <= REACH_S
