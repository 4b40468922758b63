"""How are poses and the times of tracks drawn?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F64

from .axes import clock_axis, ruler
from .figures import Span
from .thinning import columns_of
from .wording import text

__all__ = ["TimelineRow", "pose_map", "timeline"]

_CELL_DEG: Final = 5
_YAW_DEG, _PITCH_DEG = 90, 60
"""How far the pose map reaches to each side; faces beyond lie at its edge."""
_LEFT: Final = 54
_UNIT: Final = 2.4  # px of the drawing per degree
_ROW: Final = 18
_BAR: Final = 10
_NAMES: Final = 130
_LANE: Final = 980


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A row of bars.

    Attributes:
        name: What stands before it.
        kind: Its class in the style sheet: ``present`` or ``missing``.
        spans: Frames that get a bar.
        link: The place in the page that its name leads to, or empty.
    """

    name: str
    kind: str
    spans: Sequence[Span]
    link: str = ""


def pose_map(yaw_deg: F64, pitch_deg: F64) -> str:
    """Return where faces look as a ``figure``: a map of 5 by 5 degrees, darker where there are more.

    Args:
        yaw_deg: float64 (T,), above 0 to the picture's left, which is the map's left, too.
        pitch_deg: float64 (T,), above 0 upwards.
    """
    columns = _cells(-yaw_deg, _YAW_DEG)
    rows = _cells(-pitch_deg, _PITCH_DEG)
    counts = np.zeros((2 * _PITCH_DEG // _CELL_DEG, 2 * _YAW_DEG // _CELL_DEG), np.int64)
    np.add.at(counts, (rows, columns), 1)
    width, height = 2 * _YAW_DEG * _UNIT, 2 * _PITCH_DEG * _UNIT
    side = _CELL_DEG * _UNIT
    cells = [
        f'<rect class="pose" x="{_LEFT + column * side:.1f}" y="{8 + row * side:.1f}" width="{side:.1f}" '
        f'height="{side:.1f}" fill-opacity="{_strength(int(counts[row, column]), int(counts.max())):.2f}">'
        f"<title>{counts[row, column]} faces</title></rect>"
        for row, column in np.argwhere(counts)
    ]
    grid = [*_yaw_axis(height), *_pitch_axis(width)]
    label = (
        f"Pose map of {len(yaw_deg)} faces: yaw {yaw_deg.min():.0f} to {yaw_deg.max():.0f} degrees, "
        f"pitch {pitch_deg.min():.0f} to {pitch_deg.max():.0f} degrees"
    )
    head = '<figcaption><span class="title">Where the face looks</span><span class="unit">degrees</span></figcaption>'
    box = f"0 0 {_LEFT + width + 12:.0f} {height + 32:.0f}"
    svg = f'<svg viewBox="{box}" role="img" aria-label="{text(label)}">{"".join([*grid, *cells])}</svg>'
    return f'<figure class="chart poses">{head}{svg}</figure>'


def timeline(rows: Sequence[TimelineRow], frames: int, times_s: tuple[float, float]) -> str:
    """Return when there is what in a clip as a ``figure``: a bar wherever a row has frames.

    Args:
        rows: From top to bottom.
        frames: How many the clip has.
        times_s: Of its first and its last frame.
    """
    parts, floor = list[str](), 6 + _ROW * len(rows)
    for place, row in enumerate(rows):
        top = 6 + place * _ROW
        name = f'<text x="{_NAMES - 8}" y="{top + 9}" text-anchor="end">{text(row.name)}</text>'
        parts.append(f'<a href="#{text(row.link)}">{name}</a>' if row.link else name)
        parts.append(f'<rect class="lane" x="{_NAMES}" y="{top}" width="{_LANE}" height="{_BAR}"/>')
        is_set = np.zeros(_LANE, bool)
        for first, last in row.spans:
            is_set[math.floor(first / frames * _LANE) : math.ceil((last + 1) / frames * _LANE)] = True
        parts += [
            f'<rect class="{row.kind}" x="{_NAMES + first}" y="{top}" width="{stop - first}" height="{_BAR}"/>'
            for first, stop in columns_of(is_set)
        ]
    parts += ruler(clock_axis(times_s), _NAMES, _LANE, floor)
    svg = (
        f'<svg viewBox="0 0 {_NAMES + _LANE + 12} {floor + 24}" role="group" aria-label="When each track has a face">'
        f"{''.join(parts)}</svg>"
    )
    head = '<figcaption><span class="title">When there is a face</span></figcaption>'
    return f'<figure class="chart wide">{head}{svg}</figure>'


def _cells(values_deg: F64, reach_deg: int) -> npt.NDArray[np.intp]:
    """Return each value's cell, counted from ``-reach_deg``."""
    cells = np.floor((values_deg + reach_deg) / _CELL_DEG).astype(np.intp)
    return np.clip(cells, 0, 2 * reach_deg // _CELL_DEG - 1)


def _strength(count: int, most: int) -> float:
    return 0.2 + 0.8 * math.log1p(count) / math.log1p(most)


def _yaw_axis(height: float) -> Iterator[str]:
    for yaw in range(-_YAW_DEG, _YAW_DEG + 1, 30):
        x = _LEFT + (_YAW_DEG - yaw) * _UNIT
        side = {_YAW_DEG: " left", -_YAW_DEG: " right"}.get(yaw, "")
        anchor = {_YAW_DEG: "start", -_YAW_DEG: "end"}.get(yaw, "middle")
        yield f'<path class="{"axis" if yaw == 0 else "grid"}" d="M{x:.1f} 8v{height:.0f}"/>'
        yield f'<text x="{x:.1f}" y="{height + 25:.0f}" text-anchor="{anchor}">{abs(yaw)}{side}</text>'


def _pitch_axis(width: float) -> Iterator[str]:
    for pitch in range(-_PITCH_DEG, _PITCH_DEG + 1, 30):
        y = 8 + (_PITCH_DEG - pitch) * _UNIT
        side = {_PITCH_DEG: " up", -_PITCH_DEG: " down"}.get(pitch, "")
        yield f'<path class="{"axis" if pitch == 0 else "grid"}" d="M{_LEFT} {y:.1f}h{width:.0f}"/>'
        yield f'<text x="{_LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{abs(pitch)}{side}</text>'
