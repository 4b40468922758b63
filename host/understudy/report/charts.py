"""How are curves drawn? As SVG that stands in the page; its colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from understudy_sdk.types import F64

from .axes import Axis, ruler, ticks
from .thinning import columns_of, thinned
from .wording import number, text

__all__ = ["Curve", "line_chart"]

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
        kind: Its class in the style sheet: ``before``, ``after``, ``one`` or ``two``; ``faint`` goes with any of them.
        label: What it shows.
        xs: float64 (T,), ascending.
        ys: float64 (T,); NaN breaks it, and so does a gap.
    """

    kind: str
    label: str
    xs: F64
    ys: F64


def line_chart(
    title: str,
    unit: str,
    curves: Sequence[Curve],
    axis_of: Callable[[tuple[float, float]], Axis],
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
        axis_of: Gives the axis below, such as ``clock_axis``.
        gaps: Where there is nothing; shaded.
        filled: Places whose values nobody saw; marked along the lower edge.
        is_from_zero: Whether the axis at the side begins at 0.
    """
    known = [_broken(curve, gaps) for curve in curves if np.isfinite(curve.ys).any()]
    head = f'<figcaption><span class="title">{text(title)}</span>{_legend(curves, unit)}</figcaption>'
    if not known:
        return f'<figure class="chart">{head}<p class="none">nothing is measured</p></figure>'
    span = min(float(curve.xs[0]) for curve in known), max(float(curve.xs[-1]) for curve in known)
    low, high, peak = _reach(np.concatenate([curve.ys for curve in known]), is_from_zero=is_from_zero)
    scale = _Scale(span, (low, high))
    parts = [
        *_shades(scale, gaps, filled),
        *_side_axis(scale),
        *ruler(axis_of(span), LEFT, PLOT_WIDTH, _FLOOR),
        *(f'<path class="curve {curve.kind}" d="{_path(curve, scale)}"/>' for curve in known),
    ]
    label = f"{title}: {'; '.join(map(_summary, known))}"
    note = f'<p class="note">cut off at the top; the highest is {number(peak)}</p>' if peak > high else ""
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'
    return f'<figure class="chart">{head}{svg}{note}</figure>'


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
        return int(np.clip(math.floor(float(self.x(np.array(value))) - LEFT), 0, PLOT_WIDTH - 1))


def _reach(values: F64, *, is_from_zero: bool) -> tuple[float, float, float]:
    """Return the least and the greatest value that is shown, and the greatest there is."""
    values = values[np.isfinite(values)]
    peak, usual = float(values.max()), float(np.quantile(values, _RARE))
    high = usual * 1.15 if 0.0 < usual * _FAR < peak else peak
    low = 0.0 if is_from_zero else float(values.min())
    if high <= low:
        return (low if is_from_zero else low - 0.1), high + 0.1, peak
    room = (high - low) * 0.06
    return (low if is_from_zero else low - room), high + room, peak


def _broken(curve: Curve, gaps: Spans) -> Curve:
    """Return a curve with a NaN within each gap between two of its points."""
    middles = np.array([(first + last) / 2 for first, last in gaps])
    places = np.searchsorted(curve.xs, middles)
    is_within = (places > 0) & (places < len(curve.xs))
    xs = np.insert(curve.xs, places[is_within], middles[is_within])
    return replace(curve, xs=xs, ys=np.insert(curve.ys, places[is_within], np.nan))


def _path(curve: Curve, scale: _Scale) -> str:
    """Return the data of a path; a lone point becomes a dot, as its line has round ends."""
    xs, ys = thinned(curve.xs, curve.ys)
    parts, is_open = list[str](), False
    for x, y, is_known in zip(scale.x(xs), scale.y(ys), np.isfinite(ys), strict=True):
        if is_known:
            parts.append(f"{'L' if is_open else 'M'}{x:.1f} {y:.1f}{'' if is_open else 'h0'}")
        is_open = bool(is_known)
    return "".join(parts)


def _shades(scale: _Scale, gaps: Spans, filled: Sequence[float]) -> Iterable[str]:
    """Yield the shades of gaps and the marks of filled places; those that fall together are one.

    Columns that are gaps for less than half of their time are shaded faintly.
    """
    missing, is_filled = np.zeros(PLOT_WIDTH), np.zeros(PLOT_WIDTH, bool)
    for first, last in gaps:
        left, right = scale.x(np.array([first, last])) - LEFT
        columns = np.arange(scale.column(first), scale.column(last) + 1)
        missing[columns] += np.clip(np.minimum(right, columns + 1) - np.maximum(left, columns), 0.0, 1.0) + 1e-6
    for place in filled:
        is_filled[scale.column(place)] = True
    for kind, is_gap in (("gap", missing >= 0.5), ("gap some", (missing > 0.0) & (missing < 0.5))):
        for first, stop in columns_of(is_gap):
            yield f'<rect class="{kind}" x="{LEFT + first}" y="{TOP}" width="{stop - first}" height="{_FLOOR - TOP}"/>'
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
