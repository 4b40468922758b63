"""Has a side forgotten what it had learnt?

A decoder can fall back to a flat picture and stay there: its loss then jumps far above the best it had and does not
come down. Batches differ, so the loss is smoothed, and a single bad batch counts for little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["WATCHED", "CollapseWatch"]

WATCHED: Final = ("source", "target")
"""The losses that every model of two sides returns."""

SPAN: Final = 20
"""Steps over which losses are smoothed; the first so many give the level at the start."""

UNJUDGED: Final = 150
"""Steps at the start in which nothing is judged: losses may rise before they fall."""

PATIENCE: Final = 50
"""Steps for which a loss must stay high: the spikes of single batches are over by then."""

LATENESS: Final = 50
"""How many steps before a smoothed loss is high the fall may have begun."""

RATIO: Final = 2.0
"""How many times its best a smoothed loss must reach."""

GIVEN_BACK: Final = 0.3
"""Which share of what was learnt since the start must be lost: a loss near zero may double without harm."""

SPIKE: Final = 4.0
"""A single loss counts as at most so many times the smoothed one."""


@dataclass(slots=True)
class _Side:
    seen: int = 0
    smoothed: float = 0.0
    start: float = 0.0
    best: float = float("inf")
    high_since: int | None = None

    def add(self, step: int, loss: float) -> None:
        """Take one loss in."""
        self.seen += 1
        if self.seen > 1:
            loss = min(loss, SPIKE * self.smoothed)
        self.smoothed += (loss - self.smoothed) / min(self.seen, SPAN)
        if self.seen == SPAN:
            self.start = self.smoothed
        if self.seen >= SPAN:
            self.best = min(self.best, self.smoothed)
        is_high = self.smoothed > max(RATIO * self.best, self.best + GIVEN_BACK * (self.start - self.best))
        if self.seen < SPAN or not is_high:
            self.high_since = None
        elif self.high_since is None:
            self.high_since = step


class CollapseWatch:
    """Watches the losses of a training."""

    def __init__(self, past: Iterable[tuple[int, Mapping[str, float]]] = (), watched: Sequence[str] = WATCHED) -> None:
        """Begin with the losses of earlier steps, so that a resumed training is judged as an unbroken one.

        Args:
            past: Step and losses of those steps.
            watched: The names of the losses that count.
        """
        self._sides = {name: _Side() for name in watched}
        self._step = 0
        for step, losses in past:
            self.add(step, losses)

    def add(self, step: int, losses: Mapping[str, float]) -> str:
        """Take the losses of a step; return what has collapsed, in words, or an empty text."""
        self._step = step
        for name, side in self._sides.items():
            loss = losses.get(name, math.nan)
            if math.isfinite(loss):
                side.add(step, loss)
        for name, side in self._sides.items():
            if side.seen >= UNJUDGED and side.high_since is not None and step - side.high_since >= PATIENCE:
                return f"the {name} loss rose from {side.best:.3f} to {side.smoothed:.3f} and stayed there"
        return ""

    @property
    def smoothed(self) -> float:
        """Return the mean of the smoothed losses."""
        return sum(side.smoothed for side in self._sides.values()) / max(len(self._sides), 1)

    @property
    def good_until(self) -> int:
        """Return the last step at which all was surely well, below 1 where that is not known yet."""
        high = [side.high_since for side in self._sides.values() if side.high_since is not None]
        return min([self._step, *high]) - LATENESS
