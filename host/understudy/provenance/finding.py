"""Is the mark in a clip, how sure is that, and what does it say?

Nothing but the clip is needed. Every frame is brought to the grid of chips; what stands out from its neighbours is
summed up over time, so that a picture that moves averages out and the mark, which stays in its place, adds up. Then the
message is looked for in windows of many sizes, since only faces are marked, and through the whole clip as well as
stretches of many lengths, since faces come, move and go. The answer is the best of all these.

A window's score is the mark's correlation divided by what it would be by chance. The signs of the pattern have nothing
to do with a picture that was not marked, so of such pictures the score passes ``t`` at one place and for one message
with a probability below exp(-t^2/2), whatever they show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from understudy.video import ClipReader, probe

from .golay import WORD_BITS, WORD_SIGNS, codewords
from .marking import chip_detail
from .pattern import CELL, grid_of, message, signs, slots

__all__ = ["FOUND", "KNOWN_FOUND", "FoundMark", "MarkFinder", "find_mark"]

F32 = npt.NDArray[np.float32]
_Item = TypeVar("_Item", bound=np.generic)

FOUND: Final = 9.0
"""Score from which the mark counts as there."""

KNOWN_FOUND: Final = 7.2
"""The same for one message that was expected, where there are not four thousand by four thousand to choose from."""

GRIDS: Final = (180, 128, 90)
"""Chips along the short side that are tried: a copy may be smaller than what was marked."""

_PART_FRAMES: Final = 48
_MOST_PARTS: Final = 16
_MOST_FRAMES: Final = 768
_AT_ONCE: Final = 16
_SIDES: Final = (2, 3, 4, 6, 9, 14, 22, 34)
"""Sides of the windows, in cells."""

_OFFSET, _LIMIT = 0.35, 1.25
"""Levels of 255 below which detail counts as noise of the codec; how far one chip of one frame may count."""


@dataclass(frozen=True, slots=True)
class FoundMark:
    """What was found.

    Attributes:
        score: The best window's, in units of what chance gives.
        payload: The 24 bits that it says, whether or not that is enough.
        frames: How many frames were looked at.
        known_score: The score of the message that was expected, or 0.
    """

    score: float
    payload: int
    frames: int
    known_score: float = 0.0

    @property
    def is_there(self) -> bool:
        """Whether there is a mark beyond doubt."""
        return self.score >= FOUND or self.is_known

    @property
    def is_known(self) -> bool:
        """Whether it says what was expected."""
        return self.known_score >= KNOWN_FOUND


def find_mark(path: Path, expected: int | None = None) -> FoundMark:
    """Look for the mark in a clip or a picture.

    Args:
        path: A file with moving pictures, or one.
        expected: The message that a manifest names, which is looked for by itself, too.

    Raises:
        MediaError: It cannot be read.
    """
    info = probe(path)
    every = -(-len(info.pts) // _MOST_FRAMES)
    finder = MarkFinder(len(info.pts) // every)
    with ClipReader(path, info) as reader:
        for frame in reader.frames():
            if frame.index % every == 0:
                finder.add(np.asarray(cv2.cvtColor(frame.frame().rgb, cv2.COLOR_RGB2GRAY), np.uint8))
    return finder.found(expected)


class MarkFinder:
    """Takes frames one by one and tells of the mark at the end; memory does not grow with the clip."""

    def __init__(self, frames: int) -> None:
        """Prepare for about so many frames."""
        self._part = max(_PART_FRAMES, -(-frames // _MOST_PARTS))
        self._sums: dict[int, list[F32]] = {across: [] for across in GRIDS}
        self._frames = 0

    def add(self, luma: npt.NDArray[np.uint8]) -> None:
        """Take a frame's brightness, uint8 (H, W)."""
        height, width = luma.shape
        for across, parts in self._sums.items():
            rows, columns = grid_of(width, height, across)
            if rows > height or columns > width:
                continue
            chips = cv2.resize(luma.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
            detail = chip_detail(np.asarray(chips, np.float32))
            usual = np.sqrt(np.maximum(cv2.blur(detail * detail, (7, 7)), 0.0))
            if self._frames % self._part == 0:
                parts.append(np.zeros_like(detail))
            parts[-1] += np.clip(detail / (usual + _OFFSET), -_LIMIT, _LIMIT)
        self._frames += 1

    def found(self, expected: int | None = None) -> FoundMark:
        """Return the best of all that was seen."""
        best, payload, known = 0.0, 0, 0.0
        for parts in self._sums.values():
            for detail in _together(parts):
                for sums, chance in _windows(detail):
                    best, payload = _best(sums, chance, best, payload)
                    if expected is not None:
                        known = max(known, float((sums @ message(expected) / chance).max()))
        return FoundMark(best, payload, self._frames, known)


def _together(parts: list[F32]) -> Iterator[F32]:
    """Yield what all parts add up to, then each alone, and what stretches of two, four and eight add up to."""
    if parts:
        yield np.sum(parts, axis=0, dtype=np.float32)
    length = 1
    while length < len(parts):
        for first in range(0, len(parts) - length + 1, max(length // 2, 1)):
            yield np.sum(parts[first : first + length], axis=0, dtype=np.float32)
        length *= 2


def _windows(detail: F32) -> Iterator[tuple[F32, F32]]:
    """Yield, for the windows of each size, the slots' sums, float32 (N, 48), and what chance makes of them, (N,)."""
    rows, columns = detail.shape
    cells = rows // CELL[0], columns // CELL[1]
    if not all(cells):
        return
    rows, columns = cells[0] * CELL[0], cells[1] * CELL[1]
    told = (detail[:rows, :columns] * signs(rows, columns)).reshape(cells[0], CELL[0], cells[1], CELL[1])
    place = slots(rows, columns).reshape(told.shape)
    by_slot = np.empty((*cells, CELL[0] * CELL[1]), np.float32)
    np.put_along_axis(by_slot, _by_cell(place), _by_cell(told), axis=-1)
    sums, squares = _summed(by_slot), _summed(np.square(by_slot).sum(axis=-1, keepdims=True))
    for high, wide in _sizes(*cells):
        corners = _corners(cells, high, wide)
        inside = _inside(sums, corners, high, wide)
        energy = _inside(squares, corners, high, wide)[:, 0]
        yield inside.astype(np.float32), np.sqrt(np.maximum(energy, 1e-6)).astype(np.float32)


def _by_cell(values: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
    # (down, 6, along, 8) -> (down, along, 48)
    return values.transpose(0, 2, 1, 3).reshape(values.shape[0], values.shape[2], -1)


def _sizes(down: int, along: int) -> Iterable[tuple[int, int]]:
    highs = sorted({min(side, down) for side in _SIDES})
    wides = sorted({min(side, along) for side in _SIDES})
    return [(high, wide) for high in highs for wide in wides if 0.5 <= high * CELL[0] / (wide * CELL[1]) <= 2.5] or [
        (down, along)
    ]


def _corners(cells: tuple[int, int], high: int, wide: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    rows = np.arange(0, cells[0] - high + 1, max(high // 3, 1))
    columns = np.arange(0, cells[1] - wide + 1, max(wide // 3, 1))
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows))


def _summed(values: F32) -> npt.NDArray[np.float64]:
    return np.pad(values, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0, dtype=np.float64).cumsum(axis=1)


def _inside(
    table: npt.NDArray[np.float64], corners: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], high: int, wide: int
) -> npt.NDArray[np.float64]:
    rows, columns = corners
    return np.asarray(
        table[rows + high, columns + wide]
        - table[rows, columns + wide]
        - table[rows + high, columns]
        + table[rows, columns]
    )


def _best(sums: F32, chance: F32, best: float, payload: int) -> tuple[float, int]:
    """Return the score and the likeliest message of the best window, or what is given where that is better.

    No message scores more than all slots together, each by its size; so most windows need not be looked into.
    """
    bounds = np.abs(sums).sum(axis=1) / chance
    order = np.argsort(-bounds)
    for first in range(0, len(order), _AT_ONCE):
        some = order[first : first + _AT_ONCE]
        if bounds[some[0]] <= best:
            break
        answers = [part @ codewords().T for part in (sums[some, :WORD_SIGNS], sums[some, WORD_SIGNS:])]
        scores = sum(answer.max(axis=1) for answer in answers) / chance[some]
        at = int(np.argmax(scores))
        if scores[at] > best:
            low, high = (int(np.argmax(answer[at])) for answer in answers)
            best, payload = float(scores[at]), high << WORD_BITS | low
    return best, payload
