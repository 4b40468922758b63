"""How do combinations lie side by side, as a sheet and as a clip?"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy.pictures import write_picture
from understudy.video import ClipInfo
from understudy.video.film import film
from understudy_sdk.types import U8

from .frames import Span
from .sampling import TILE_PX

__all__ = ["Strip", "sheet_frames", "write_clip", "write_sheet"]

_LABEL_PX: Final = 190
_HEAD_PX: Final = 24
_MOST_COLUMNS: Final = 8
_SLOW: Final = 2
"""Pictures per second where frames are single ones or pairs."""
_MOVING: Final = 12
"""From so many frames in one span on a clip plays at its own speed."""


class Strip:
    """One row of pictures: a label, and what gives the picture of a frame."""

    def __init__(self, label: str, tiles: Mapping[int, U8]) -> None:
        """Take the pictures by frame."""
        self.label, self._tiles = label, tiles

    def tile(self, frame: int) -> U8:
        """Return a frame's picture; black where there is none."""
        tile = self._tiles.get(frame)
        return np.zeros((TILE_PX, TILE_PX, 3), np.uint8) if tile is None else tile


def sheet_frames(spans: Sequence[Span]) -> list[int]:
    """Return the frames that a sheet shows: the first of each span, or some of one span, spread evenly."""
    starts = [first for first, _ in spans]
    if len(starts) < 3:
        starts = [frame for first, stop in spans for frame in range(first, stop)]
    places = np.unique(np.linspace(0, len(starts) - 1, min(_MOST_COLUMNS, len(starts))).round().astype(int))
    return [starts[place] for place in places]


def write_sheet(path: Path, strips: Sequence[Strip], frames: Sequence[int]) -> None:
    """Write one picture: a row for each strip, a column for each frame."""
    sheet = np.full((_HEAD_PX + len(strips) * TILE_PX, _LABEL_PX + len(frames) * TILE_PX, 3), 24, np.uint8)
    for column, frame in enumerate(frames):
        _write(sheet, f"frame {frame}", (_LABEL_PX + column * TILE_PX + 6, 17))
    for row, strip in enumerate(strips):
        top = _HEAD_PX + row * TILE_PX
        for number, line in enumerate(textwrap.wrap(strip.label, 23) or [""]):
            _write(sheet, line, (8, top + 24 + 18 * number))
        for column, frame in enumerate(frames):
            left = _LABEL_PX + column * TILE_PX
            sheet[top : top + TILE_PX, left : left + TILE_PX] = strip.tile(frame)
    write_picture(path, sheet)


def write_clip(
    path: Path, strips: Sequence[Strip], spans: Sequence[Span], info: ClipInfo, tags: Mapping[str, str]
) -> None:
    """Write a clip in which all strips play at once, each under its label; the tags say what it is."""
    longest = max(stop - first for first, stop in spans)
    rate = max(round(info.average_rate), 1) if longest >= _MOVING else _SLOW
    film(path, _grids(strips, spans), rate, None, tags)


def _grids(strips: Sequence[Strip], spans: Sequence[Span]) -> Iterator[U8]:
    columns = min(max(round((len(strips) * 1.6) ** 0.5), 1), len(strips))
    rows = -(-len(strips) // columns)
    cell = TILE_PX + _HEAD_PX
    for first, stop in spans:
        for frame in range(first, stop):
            grid = np.full((rows * cell, columns * TILE_PX, 3), 24, np.uint8)
            for number, strip in enumerate(strips):
                row, column = divmod(number, columns)
                top, left = row * cell, column * TILE_PX
                _write(grid, textwrap.shorten(strip.label, 40, placeholder="..."), (left + 6, top + 17), 0.4)
                grid[top + _HEAD_PX : top + cell, left : left + TILE_PX] = strip.tile(frame)
            yield grid


def _write(picture: U8, text: str, place: tuple[int, int], scale: float = 0.45) -> None:
    shown = text.encode("ascii", "replace").decode()
    cv2.putText(picture, shown, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (230, 230, 230), 1, cv2.LINE_AA)
