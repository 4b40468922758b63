"""Where are the faces in a frame?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, Frame
from understudy_sdk.tflite import PictureNetwork

from . import MediaPipeDetectorConfig
from .decode import FULL_GRIDS, SHORT_GRIDS, Found, anchor_centres, best_of, decode, join
from .windows import Window, fit, tile_side, tile_windows, to_frame, turned_back, uncut

U8 = npt.NDArray[np.uint8]

_CLEAR_SCORE: Final = 0.75
"""Nine in ten faces that stand upright score more, and few that lie or stand on their heads."""


class _Search(NamedTuple):
    """One look at a part of a frame.

    Attributes:
        frame: Its place among the frames.
        window: The part.
        quarters: Quarter turns, counter-clockwise, by which the part is turned before.
    """

    frame: int
    window: Window
    quarters: int


class MediaPipeDetector:
    """Searches each frame, shrunk to the network's square, and on request in tiles and turned."""

    def __init__(self, config: MediaPipeDetectorConfig, network: PictureNetwork) -> None:
        self._config = config
        self._network = network
        self._anchors = anchor_centres(FULL_GRIDS if config.range == "full" else SHORT_GRIDS)

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces, best score first."""
        pictures = [frame.rgb for frame in frames]
        turns = (0, 1, 2, 3) if self._config.rotations == "always" else (0,)
        found = self._find(pictures, range(len(pictures)), turns)
        if self._config.rotations == "unsure":
            unsure = [number for number, seen in found.items() if not (seen.scores >= _CLEAR_SCORE).any()]
            turned = self._find(pictures, unsure, (1, 2, 3))
            found |= {number: self._joined([found[number], turned[number]]) for number in unsure}
        return [self._faces(found[number]) for number in range(len(pictures))]

    def _find(self, pictures: Sequence[U8], numbers: Sequence[int], turns: tuple[int, ...]) -> dict[int, Found]:
        """Return what is found in the pictures of those numbers, searched in those quarter turns, in the frames' px."""
        searches = [
            _Search(number, window, quarters)
            for number in numbers
            for window in self._windows(pictures[number])
            for quarters in turns
        ]
        parts: dict[int, list[Found]] = {number: [] for number in numbers}
        for search, found in zip(searches, self._look(pictures, searches), strict=True):
            parts[search.frame].append(found)
        return {number: self._joined(several) for number, several in parts.items()}

    def _windows(self, rgb: U8) -> list[Window]:
        """Return the parts of a frame that are searched: the whole, then its tiles."""
        height, width = rgb.shape[:2]
        side = tile_side(self._config.tiles, width, height)
        return [Window(0, 0, width, height), *([] if side is None else tile_windows(side, width, height))]

    def _look(self, pictures: Sequence[U8], searches: Sequence[_Search]) -> list[Found]:
        """Return what each search finds, in its frame's pixels."""
        side = self._network.side
        draws = [partial(_to_network, pictures[one.frame], one.window, one.quarters, side) for one in searches]
        raw, logits = self._network(draws)
        answers = []
        for search, boxes, scores in zip(searches, raw, logits[..., 0], strict=True):
            joined = join(decode(boxes, scores, self._anchors, side, self._config.min_score), self._config.iou)
            found = to_frame(turned_back(joined, search.quarters), search.window, side)
            height, width = pictures[search.frame].shape[:2]
            answers.append(uncut(found, search.window, width, height))
        return answers

    def _joined(self, parts: list[Found]) -> Found:
        """Return the faces of several searches, each once."""
        if len(parts) == 1:
            return parts[0]
        return best_of(Found(*map(np.concatenate, zip(*parts, strict=True))), self._config.iou)

    def _faces(self, found: Found) -> list[Face]:
        is_wide_enough = (found.boxes[:, 2] - found.boxes[:, 0]) >= self._config.min_size_px
        return [
            Face(box=box.copy(), score=float(score), eyes=points[:2].copy())
            for box, points, score, keep in zip(*found, is_wide_enough, strict=True)
            if keep
        ]


def _to_network(rgb: U8, window: Window, quarters: int, side: int) -> U8:
    """Return the window shrunk into a black square and turned, uint8 (side, side, 3)."""
    inner = fit(window, side)
    square = np.zeros((side, side, 3), np.uint8)
    place = square[inner.top : inner.top + inner.height, inner.left : inner.left + inner.width]
    place[...] = _resize(rgb[window.y0 : window.y1, window.x0 : window.x1], inner.width, inner.height)
    return np.rot90(square, quarters)


def _resize(rgb: U8, width: int, height: int) -> U8:
    """Return the picture at another size, averaged over areas where it shrinks.

    Averaging keeps fine texture from turning into jitter. Halving first takes a quarter of the time that OpenCV's area
    method takes in one go, and differs from it by half a level.
    """
    while rgb.shape[1] >= 2 * width and rgb.shape[0] >= 2 * height:
        rgb = _scale(rgb, rgb.shape[1] // 2, rgb.shape[0] // 2, cv2.INTER_AREA)
    return _scale(rgb, width, height, cv2.INTER_AREA if width < rgb.shape[1] else cv2.INTER_LINEAR)


def _scale(rgb: U8, width: int, height: int, method: int) -> U8:
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=method), np.uint8)
