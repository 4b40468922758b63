"""Has a training ceased to learn, or begun to unlearn slowly?

A line is laid through the losses of the last steps. Losses scatter from batch to batch, and a line through scattered
values is itself uncertain by a known amount (the standard error of the slope of a least-squares fit); nothing is said
as long as that amount leaves it open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from .history import LossTable

__all__ = ["MIN_STEPS", "Trend", "TrendWatch", "advice_for", "trend_of", "trend_of_all"]

F64 = npt.NDArray[np.float64]

Trend = Literal["learning", "plateau", "divergence", "unknown"]

MIN_STEPS: Final = 5000
"""Fewer steps are not judged."""

_LOOK_EVERY: Final = 1000
"""Steps from one look to the next."""

_SHARE: Final = 0.2
"""Share of all steps that is looked at."""

_STILL: Final = 0.001
"""A loss that fell by less than this share of itself has not fallen."""

_OPEN: Final = 0.01
"""As long as it may have fallen by this share, nothing is said."""

_RISE: Final = 0.05
"""A rise by more than this share is no chance."""


def trend_of(losses: F64) -> Trend:
    """Say where a loss goes.

    Args:
        losses: Of every step since the settings are what they are, float64 (N,); NaN is passed over.
    """
    window = max(MIN_STEPS, int(_SHARE * len(losses)))
    if len(losses) < window:
        return "unknown"
    values = losses[-window:]
    values = values[np.isfinite(values)]
    level = float(values.mean()) if len(values) > 2 else 0.0
    if level <= 0:
        return "unknown"
    fall, error = _fall_of(values)
    fall, error = fall / level, error / level
    if -fall > _RISE + 3 * error:
        return "divergence"
    if fall > _STILL:
        return "learning"
    return "plateau" if fall + error < _OPEN else "unknown"


def trend_of_all(losses: Mapping[str, F64]) -> Trend:
    """Say where several losses go together: up if any does, nowhere only if all stand still."""
    trends = [trend_of(values) for values in losses.values()]
    if "divergence" in trends:
        return "divergence"
    if trends and all(trend == "plateau" for trend in trends):
        return "plateau"
    return "learning" if "learning" in trends else "unknown"


def advice_for(trend: Trend, step: int) -> str:
    """Return what a person should read about a trend by a step, or an empty text."""
    if trend == "plateau":
        return (
            f"by step {step} the losses stand still: look whether the preview is good enough, or change settings; "
            "understudy plugins show says which may be changed, and a schedule does it on the way"
        )
    if trend == "divergence":
        return (
            f"by step {step} the losses rise slowly: if the preview gets worse too, go back to a snapshot "
            "(understudy model rollback) and lower the learning rate or the powers that were switched on"
        )
    return ""


class TrendWatch:
    """Says where a running training's losses go, once for each turn they take."""

    def __init__(self, watched: Sequence[str]) -> None:
        """Watch the losses of these names."""
        self._watched = watched
        self._said: tuple[int, str] = (0, "")

    def look(self, step: int, table: LossTable, since: int) -> str:
        """Return what a person should read about the losses after a step, or an empty text.

        Args:
            step: The step.
            table: The losses of all steps.
            since: After how many steps the settings in use began to hold; losses before say nothing about them.
        """
        if step % _LOOK_EVERY or step - since < MIN_STEPS:
            return ""
        held = table.steps > since
        trend = trend_of_all({name: table.losses(name)[held] for name in self._watched})
        advice = advice_for(trend, step)
        if not advice or self._said == (since, trend):
            return ""
        self._said = (since, trend)
        return advice


def _fall_of(values: F64) -> tuple[float, float]:
    """Return by how much a line through the values falls from end to end, and that number's standard error."""
    count = len(values)
    along = np.linspace(-0.5, 0.5, count)
    spread = float(along @ along)
    slope = float(along @ values) / spread
    rest = values - values.mean() - slope * along
    error = float(np.sqrt(rest @ rest / (count - 2) / spread))
    return -slope, error
