"""Which numbers are to be given to ProRes so that those read back lie near enough to the ones that were meant?

Its finest setting is off by up to 2.75 numbers of 10 bits, because it cuts the fractions of its coefficients off. Laid
over a clip of 10 bits, a picture must not be off by more than one. So it is encoded once to see: where a sample came
back too far off, it is moved the other way, and its macroblock is tried again. Macroblocks do not depend on each other,
so only those that failed are tried, side by side in a small picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext

from understudy.video.orientation import Box
from understudy.video.planes import plane_rows

from .prores import EMPTY, ENCODING, FACE_FORMAT, LEAST, MOST

__all__ = ["rehearsed"]

F32 = npt.NDArray[np.float32]
U16 = npt.NDArray[np.uint16]

_SIDE: Final = 16
_COLUMNS: Final = 8
_ROUNDS: Final = 60
_STUCK_FROM: Final = 9
"""A macroblock that still fails goes round in circles; so samples elsewhere are moved along, each time other ones."""
_PER_NUMBER: Final = 4
"""Decoders give 12 bits."""


def rehearsed(wanted: Sequence[F32], room: Sequence[F32], box: Box, size: tuple[int, int]) -> list[U16]:
    """Return numbers for luma and both chromas.

    Args:
        wanted: The three planes' numbers as meant, float32 (h, w).
        room: How far each may be off, float32 (h, w).
        box: Where they lie in the frame; all around them is empty.
        size: Columns and rows of the frame.
    """
    meant = np.stack([_blocks(plane, box, size, empty) for plane, empty in zip(wanted, EMPTY, strict=False)])
    allowed = np.stack([_blocks(plane, box, size, np.inf) for plane in room])
    numbers = _as_numbers(meant)
    best, least = numbers.copy(), np.full(numbers.shape[1], np.inf, np.float32)
    tried = np.arange(numbers.shape[1])
    for turn in range(_ROUNDS):
        fault = _read_back(numbers[:, tried]) - meant[:, tried]
        excess = np.abs(fault) - allowed[:, tried]
        over = excess.max(axis=(0, 2, 3))
        is_better = over < least[tried]
        best[:, tried[is_better]] = numbers[:, tried[is_better]]
        least[tried[is_better]] = over[is_better]
        failed = over > 0
        if not failed.any():
            break
        push = np.where(excess[:, failed] > 0, np.sign(fault[:, failed]), 0)
        if turn >= _STUCK_FROM:
            push += np.roll(push, (turn % 3 + 1, turn % 5), (2, 3)) * (1 if turn % 2 else -1)
        tried = tried[failed]
        numbers[:, tried] = _as_numbers(numbers[:, tried] - push)
    return [_joined(plane, box) for plane in best]


def _as_numbers(values: npt.NDArray[Any]) -> U16:
    return np.asarray(np.clip(np.rint(values), LEAST, MOST), np.uint16)


def _blocks(plane: F32, box: Box, size: tuple[int, int], empty: float) -> F32:
    """Cut a part of a frame into the frame's macroblocks, float32 (n, 16, 16); beyond the frame, repeat its edge."""
    x0, y0, x1, y1 = box
    right, bottom = (min(-(-end // _SIDE) * _SIDE, whole) for end, whole in zip((x1, y1), size, strict=True))
    padded = np.pad(plane, ((y0 % _SIDE, bottom - y1), (x0 % _SIDE, right - x1)), constant_values=empty)
    high, wide = padded.shape
    padded = np.pad(padded, ((0, -high % _SIDE), (0, -wide % _SIDE)), mode="edge")
    rows, columns = padded.shape[0] // _SIDE, padded.shape[1] // _SIDE
    # (rows, columns, 16, 16)
    return padded.reshape(rows, _SIDE, columns, _SIDE).swapaxes(1, 2).reshape(-1, _SIDE, _SIDE)


def _joined(blocks: U16, box: Box) -> U16:
    """Put macroblocks together again, and cut the box out of them."""
    x0, y0, x1, y1 = box
    columns = -(-x1 // _SIDE) - x0 // _SIDE
    whole = blocks.reshape(-1, columns, _SIDE, _SIDE).swapaxes(1, 2).reshape(-1, columns * _SIDE)
    top, left = y0 % _SIDE, x0 % _SIDE
    return np.ascontiguousarray(whole[top : top + y1 - y0, left : left + x1 - x0])


def _read_back(blocks: U16) -> F32:
    """Encode and decode macroblocks, uint16 (3, n, 16, 16), and return what comes, float32 in numbers of 10 bits."""
    count = blocks.shape[1]
    rows = -(-count // _COLUMNS)
    width, height = _COLUMNS * _SIDE, rows * _SIDE
    frame = av.VideoFrame(width, height, FACE_FORMAT)
    for place, plane in enumerate(frame.planes):
        view = plane_rows(plane, "<u2")
        view[...] = EMPTY[place]
        if place < len(blocks):
            tiles = np.full((rows * _COLUMNS, _SIDE, _SIDE), EMPTY[place], np.uint16)
            tiles[:count] = blocks[place]
            view[:, :width] = tiles.reshape(rows, _COLUMNS, _SIDE, _SIDE).swapaxes(1, 2).reshape(height, width)
    decoded = _decoded(_encoded(frame), frame)
    found = []
    for plane in decoded.planes[: len(blocks)]:
        read = plane_rows(plane, "<u2")[:height, :width].reshape(rows, _SIDE, _COLUMNS, _SIDE).swapaxes(1, 2)
        found.append(read.reshape(-1, _SIDE, _SIDE)[:count] / np.float32(_PER_NUMBER))
    return np.stack(found)


def _encoded(frame: av.VideoFrame) -> bytes:
    context = VideoCodecContext.create("prores_ks", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base, context.thread_count = Fraction(1, 25), 1
    context.options = dict(ENCODING)
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def _decoded(content: bytes, like: av.VideoFrame) -> av.VideoFrame:
    context = VideoCodecContext.create("prores", "r")
    context.width, context.height, context.codec_tag = like.width, like.height, "ap4x"
    context.thread_count = 1
    (frame,) = (*context.decode(av.Packet(content)), *context.decode(None))
    assert frame.format.name == "yuva444p12le"
    return frame
