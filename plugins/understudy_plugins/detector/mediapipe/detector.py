"""Where are the faces in a frame?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, Frame

from . import MediaPipeDetectorConfig
from .decode import FULL_GRIDS, SHORT_GRIDS, Found, anchor_centres, best_of, decode, join
from .litert import Network
from .windows import Window, fit, tile_side, tile_windows, to_frame, uncut

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class MediaPipeDetector:
    """Searches each frame, shrunk to the network's square, and on request in tiles."""

    def __init__(self, config: MediaPipeDetectorConfig, path: Path, threads: int) -> None:
        self._config = config
        self._network = Network(path, threads)
        self._anchors = anchor_centres(FULL_GRIDS if config.range == "full" else SHORT_GRIDS)

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces, best score first."""
        return [self._faces(frame.rgb) for frame in frames]

    def _faces(self, rgb: U8) -> list[Face]:
        height, width = rgb.shape[:2]
        found = self._search(rgb, Window(0, 0, width, height))
        side = tile_side(self._config.tiles, width, height)
        if side is not None:
            tiles = tile_windows(side, width, height)
            parts = [uncut(self._search(rgb, tile), tile, width, height) for tile in tiles]
            found = best_of(Found(*map(np.concatenate, zip(found, *parts, strict=True))), self._config.iou)
        is_wide_enough = (found.boxes[:, 2] - found.boxes[:, 0]) >= self._config.min_size_px
        return [
            Face(box=box.copy(), score=float(score), eyes=points[:2].copy())
            for box, points, score, keep in zip(*found, is_wide_enough, strict=True)
            if keep
        ]

    def _search(self, rgb: U8, window: Window) -> Found:
        """Return the faces in a part of the frame, in the frame's pixels."""
        side = self._network.side
        raw, logits = self._network(_to_network(rgb, window, side))
        found = decode(raw, logits, self._anchors, side, self._config.min_score)
        return to_frame(join(found, self._config.iou), window, side)


def _to_network(rgb: U8, window: Window, side: int) -> F32:
    """Return the window shrunk into a black square, float32 (side, side, 3), -1 to 1."""
    inner = fit(window, side)
    part = rgb[window.y0 : window.y1, window.x0 : window.x1]
    small = _resize(part, inner.width, inner.height)
    square = np.full((side, side, 3), -1, np.float32)
    place = square[inner.top : inner.top + inner.height, inner.left : inner.left + inner.width]
    np.multiply(small, np.float32(1 / 127.5), out=place)
    place -= 1
    return square


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
