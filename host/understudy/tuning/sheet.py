"""How do variants of chosen frames come side by side?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from understudy_sdk.types import U8

__all__ = ["Sheet"]

_WIDEST: Final = 8192  # px of the whole sheet
_TALLEST: Final = 24000
_LARGEST: Final = 960  # px across, of one picture
_LEAST: Final = 160
_GAP: Final = 6
_CAPTION: Final = 26
_GROUND: Final = 24
_MARK: Final = "Synthetic media made with Understudy: faces were replaced."


class Sheet:
    """Frames below each other, variants beside each other; pictures are shrunk as they come."""

    def __init__(self, columns: Sequence[str], rows: Sequence[str]) -> None:
        """Take what stands over each column and below each row."""
        self._columns, self._rows = columns, rows
        self._tiles: dict[tuple[int, int], U8] = {}

    def put(self, row: int, column: int, picture: U8) -> None:
        """Take a picture, uint8 (H, W, 3), RGB; all are of one size."""
        height, width = picture.shape[:2]
        wide = _side(len(self._columns), len(self._rows), width, height)
        high = max(round(wide * height / width), 1)
        way = cv2.INTER_AREA if wide < width else cv2.INTER_CUBIC
        self._tiles[row, column] = np.asarray(cv2.resize(picture, (wide, high), interpolation=way), np.uint8)

    @property
    def has_pictures(self) -> bool:
        """Whether anything was put on it."""
        return bool(self._tiles)

    def drawn(self) -> U8:
        """Return the sheet, uint8 (H, W, 3), RGB."""
        high, wide = next(iter(self._tiles.values())).shape[:2]
        across, down = wide + _GAP, high + _CAPTION
        shape = (2 * _CAPTION + len(self._rows) * down, len(self._columns) * across + _GAP, 3)
        sheet = np.full(shape, _GROUND, np.uint8)
        _write(sheet, _MARK, (_GAP, 18), shape[1] - 2 * _GAP)
        for column, words in enumerate(self._columns):
            _write(sheet, words, (_GAP + column * across, _CAPTION + 18), wide)
        for (row, column), tile in self._tiles.items():
            top, left = 2 * _CAPTION + row * down, _GAP + column * across
            sheet[top : top + high, left : left + wide] = tile
        for row, words in enumerate(self._rows):
            _write(sheet, words, (_GAP, 2 * _CAPTION + row * down + high + 18), shape[1] - 2 * _GAP)
        return sheet


def _side(columns: int, rows: int, width: int, height: int) -> int:
    """Return how wide one picture is shown: as it is, unless the sheet would grow beyond what viewers open."""
    by_width = (_WIDEST - _GAP) // columns - _GAP
    by_height = int((_TALLEST / rows - _CAPTION) * width / height)
    return max(min(width, _LARGEST, by_width, by_height), _LEAST)


def _write(sheet: U8, text: str, place: tuple[int, int], room: int) -> None:
    """Write words, smaller where they would not fit, and cut where even that is not enough."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    plain = text.encode("ascii", "replace").decode()
    (wide, _), _ = cv2.getTextSize(plain, font, scale, 1)
    if wide > room:
        scale = max(scale * room / wide, 0.3)
        while plain and cv2.getTextSize(plain, font, scale, 1)[0][0] > room:
            plain = plain[:-1]
    cv2.putText(sheet, plain, place, font, scale, (230, 230, 230), 1, cv2.LINE_AA)
