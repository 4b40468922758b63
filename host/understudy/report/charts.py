"""How are curves drawn? As SVG that stands in the page; its colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk.types import F64

from .thinning import columns_of, thinned
from .wording import number, text

__all__ = ["HEIGHT", "LEFT", "PLOT_WIDTH", "WIDTH", "Curve", "line_chart", "ruler", "ticks"]

WIDTH: Final = 560
HEIGHT: Final = 172
LEFT, TOP, RIGHT, BOTTOM = 46, 10, 10, 24
"""Margins."""
PLOT_WIDTH: Final = WIDTH - LEFT - RIGHT
_FLOOR: Final = HEIGHT - BOTTOM
_RARE: Final = 0.99  # share of the values that a chart shows whole even if a few lie far above
_FAR: Final = 2.5  # times the rest from which on such few are cut off at the top

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line of a chart.

    Attributes:
        kind: Its class in the style sheet: ``before``, ``after``, ``one`` or ``two``.
        label: What it shows.
        xs: float64 (T,), ascending.
        ys: float64 (T,); NaN breaks it.
    """

    kind: str
    label: str
    xs: F64
    ys: F64


def line_chart(
    title: str,
    unit: str,
    curves: Sequence[Curve],
    wording: Callable[[float], str],
    *,
    gaps: Spans = (),
    filled: Sequence[float] = (),
    is_from_zero: bool = True,
) -> str:
    """Return curves over one axis as a ``figure``.

    Args:
        title: What it shows.
        unit: Of the values; may be empty.
        curves: The lines; the last lies on top.
        wording: Writes a value of the axis below.
        gaps: Where there is nothing; shaded.
        filled: Places whose values nobody saw; marked along the lower edge.
        is_from_zero: Whether the axis at the side begins at 0.
    """
    known = [curve for curve in curves if np.isfinite(curve.ys).any()]
    head = f'<figcaption><span class="title">{text(title)}</span>{_legend(curves, unit)}</figcaption>'
    if not known:
        return f'<figure class="chart">{head}<p class="none">nothing is measured</p></figure>'
    span = min(float(curve.xs[0]) for curve in known), max(float(curve.xs[-1]) for curve in known)
    low, high, peak = _reach(np.concatenate([curve.ys for curve in known]), is_from_zero=is_from_zero)
    scale = _Scale(span, (low, high))
    parts = [
        *_shades(scale, gaps, filled),
        *_side_axis(scale),
        *ruler(span, wording, _FLOOR),
        *(f'<path class="curve {curve.kind}" d="{_path(curve, scale)}"/>' for curve in known),
    ]
    label = f"{title}: {'; '.join(map(_summary, known))}"
    note = f'<p class="note">cut off at the top; the highest is {number(peak)}</p>' if peak > high else ""
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'
    return f'<figure class="chart">{head}{svg}{note}</figure>'


def ruler(
    span: tuple[float, float],
    wording: Callable[[float], str],
    floor: float,
    *,
    left: float = LEFT,
    width: float = PLOT_WIDTH,
) -> list[str]:
    """Return the axis below a drawing."""
    parts = [f'<path class="axis" d="M{left} {floor}h{width}"/>']
    for value in ticks(*span, 7):
        share = (value - span[0]) / max(span[1] - span[0], 1e-9)
        x, anchor = left + share * width, "start" if share < 0.02 else "end" if share > 0.98 else "middle"
        parts.append(f'<path class="axis" d="M{x:.1f} {floor}v4"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 17}" text-anchor="{anchor}">{text(wording(value))}</text>')
    return parts


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return up to ``most`` round values from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [place * step for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values lie in the drawing."""

    span: tuple[float, float]
    reach: tuple[float, float]

    def x(self, values: F64) -> F64:
        return LEFT + (values - self.span[0]) / max(self.span[1] - self.span[0], 1e-9) * PLOT_WIDTH

    def y(self, values: F64) -> F64:
        share = (values - self.reach[0]) / max(self.reach[1] - self.reach[0], 1e-12)
        return _FLOOR - np.clip(share, 0.0, 1.0) * (_FLOOR - TOP)

    def column(self, value: float) -> int:
        return int(np.clip(round(float(self.x(np.array(value))) - LEFT), 0, PLOT_WIDTH - 1))


def _reach(values: F64, *, is_from_zero: bool) -> tuple[float, float, float]:
    """Return the least and the greatest value that is shown, and the greatest there is."""
    values = values[np.isfinite(values)]
    peak, usual = float(values.max()), float(np.quantile(values, _RARE))
    high = usual * 1.15 if 0.0 < usual * _FAR < peak else peak
    low = 0.0 if is_from_zero else float(values.min())
    if high <= low:
        return low, low + max(abs(low), 1.0) * 0.1, peak
    room = (high - low) * 0.06
    return (low if is_from_zero else low - room), high + room, peak


def _path(curve: Curve, scale: _Scale) -> str:
    """Return the data of a path; a lone point becomes a dot, as its line has round ends."""
    xs, ys = thinned(curve.xs, curve.ys)
    parts, is_open = [], False
    for x, y, is_known in zip(scale.x(xs), scale.y(ys), np.isfinite(ys), strict=True):
        if is_known:
            parts.append(f"{'L' if is_open else 'M'}{x:.1f} {y:.1f}{'' if is_open else 'h0'}")
        is_open = bool(is_known)
    return "".join(parts)


def _shades(scale: _Scale, gaps: Spans, filled: Sequence[float]) -> Iterable[str]:
    """Yield the shades of gaps and the marks of filled places; those that fall together are one."""
    is_gap, is_filled = np.zeros((2, PLOT_WIDTH), bool)
    for first, last in gaps:
        is_gap[scale.column(first) : scale.column(last) + 1] = True
    for place in filled:
        is_filled[scale.column(place)] = True
    for first, stop in columns_of(is_gap):
        yield f'<rect class="gap" x="{LEFT + first}" y="{TOP}" width="{stop - first}" height="{_FLOOR - TOP}"/>'
    for first, stop in columns_of(is_filled):
        yield f'<rect class="filled" x="{LEFT + first}" y="{_FLOOR - 4}" width="{max(stop - first, 2)}" height="4"/>'


def _side_axis(scale: _Scale) -> Iterable[str]:
    for value in ticks(*scale.reach, 4):
        y = float(scale.y(np.array(value)))
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>'


def _legend(curves: Sequence[Curve], unit: str) -> str:
    keys = (f'<span class="key {curve.kind}">{text(curve.label)}</span>' for curve in curves if curve.label)
    return f'<span class="unit">{text(unit)}</span>{"".join(keys)}'


def _summary(curve: Curve) -> str:
    values = curve.ys[np.isfinite(curve.ys)]
    low, median, high = (number(float(value)) for value in np.quantile(values, (0.0, 0.5, 1.0)))
    return f"{curve.label} {low} to {high}, median {median}".strip()
