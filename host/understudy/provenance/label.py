"""How are words put into every frame, for all to see?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from understudy.video import DecodedFrame, Laying
from understudy_sdk import Layer
from understudy_sdk.types import F32

__all__ = ["labelled"]

_HEIGHT: Final = 1 / 36
"""Height of the letters, as a part of the frame's short side."""

_LEAST_PX: Final = 10
_WHITE, _BLACK = 0.9, 0.05


def labelled(
    frames: Iterable[DecodedFrame], words: str, heard: Callable[[int, Laying], None]
) -> Iterator[DecodedFrame]:
    """Yield frames with words in their lower left corner, white on a dark ground that the picture shines through.

    Args:
        frames: In any order; they are changed.
        words: Printable ASCII; none leaves frames as they are.
        heard: Hears of every frame's number what the words did to it.
    """
    for frame in frames:
        if words:
            heard(frame.index, _put(frame, words))
        yield frame


def _put(frame: DecodedFrame, words: str) -> Laying:
    width, height = frame.size
    letters, ground = _drawn(words, max(round(min(width, height) * _HEIGHT), _LEAST_PX))
    margin = letters.shape[0] // 2
    y1, x1 = max(height - margin, 1), min(margin + letters.shape[1], width)
    region = frame.region(min(margin, width - 1), max(y1 - letters.shape[0], 0), x1, y1)
    columns, rows = region.size
    mask, ink = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    high, wide = min(rows, letters.shape[0]), min(columns, letters.shape[1])
    mask[rows - high :, :wide], ink[rows - high :, :wide] = ground[-high:, :wide], letters[-high:, :wide]
    rgb = np.repeat((_BLACK + (_WHITE - _BLACK) * ink)[..., None], 3, axis=2)
    return frame.lay(region, Layer(rgb.astype(np.float32), mask))


@lru_cache(maxsize=8)
def _drawn(words: str, letter_px: int) -> tuple[F32, F32]:
    """Return the letters and the ground they stand on, float32 (h, w) each, 0 to 1."""
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(round(letter_px / 9), 1)
    scale = cv2.getFontScaleFromHeight(font, letter_px, thick)
    (wide, high), below = cv2.getTextSize(words, font, scale, thick)
    edge = letter_px // 2
    picture = np.zeros((high + below + 2 * edge, wide + 2 * edge), np.uint8)
    cv2.putText(picture, words, (edge, edge + high), font, scale, 255, thick, cv2.LINE_AA)
    letters = np.asarray(picture, np.float32) / np.float32(255)
    return letters, np.asarray(np.maximum(letters, 0.6), np.float32)
