"""Where do round values lie on an axis, and how are they written?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from .wording import number, short_clock

__all__ = ["Axis", "clock_axis", "count_axis", "ruler", "ticks"]

_MOST_TICKS: Final = 7
_CLOCK_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis below a drawing: from where to where it goes, and its round values with their words."""

    span: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]


def clock_axis(span: tuple[float, float]) -> Axis:
    """Return an axis of seconds, at round times of a clock."""
    length = span[1] - span[0]
    step = next((step for step in _CLOCK_STEPS if step * _MOST_TICKS >= length), math.ceil(length / 86_400) * 14_400)
    values = _multiples(*span, step)
    return Axis(span, tuple((value, short_clock(value, is_fine=step < 1)) for value in values))


def count_axis(span: tuple[float, float]) -> Axis:
    """Return an axis of numbers."""
    return Axis(span, tuple((value, number(value)) for value in ticks(*span, _MOST_TICKS)))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return up to ``most`` round values, or one more, from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    return _multiples(low, high, next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))


def ruler(axis: Axis, left: float, width: float, floor: float) -> list[str]:
    """Return the axis as SVG, ``floor`` px from the top."""
    parts = [f'<path class="axis" d="M{left} {floor}h{width}"/>']
    for value, words in axis.ticks:
        share = (value - axis.span[0]) / max(axis.span[1] - axis.span[0], 1e-9)
        x, anchor = left + share * width, "start" if share < 0.02 else "end" if share > 0.98 else "middle"
        parts.append(f'<path class="axis" d="M{x:.1f} {floor}v4"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 17}" text-anchor="{anchor}">{words}</text>')
    return parts


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [place * step for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
