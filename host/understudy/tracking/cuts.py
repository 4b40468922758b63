"""Where does a clip cut from one shot to the next?

A frame is remembered as a signature: the mean luma and chroma of 16 by 9 cells. Two signatures differ by how much their
patterns do, relative to the contrast in them, so that dark shots count as much as bright ones and a lamp that goes on
is no cut. The frame at a cut differs from *all* of the few frames before it, and so do the few after it; a flash, a
dropped or a doubled frame does not last. And it differs much more than neighbouring frames around it do, which a pan or
a shaken camera does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F32, U8

__all__ = ["SIGNATURE_LENGTH", "find_cuts", "is_cut_between", "signature"]

_COLUMNS: Final = 16
_ROWS: Final = 9
_SAMPLES: Final = 6  # per cell, each way

SIGNATURE_LENGTH: Final = _COLUMNS * _ROWS * 3
"""Bytes of a signature."""

# Changes between neighbouring frames: still or slowly moving 0.00 to 0.05, a pan by 4 % of the width 0.2 to 0.45, cuts
# between unlike shots 0.75 and more; frames half a second apart in one shot reach 0.6.
_LEAST: Final = 0.3  # less is never a cut
_TIMES_TYPICAL: Final = 2.0
_UNLIKE: Final = 0.8  # more always is one: a row of single pictures has no quiet neighbourhood to stand out from
_SUSPICIOUS: Final = 0.2

_FLASH_S: Final = 0.12  # changes that are taken back within this time are no cuts
_NEIGHBOURHOOD_S: Final = 0.5  # each way
_BLOCK: Final = 4096  # frames compared at a time, which keeps memory flat


def signature(rgb: U8) -> U8:
    """Return what a frame looks like in short, to be compared with its neighbours.

    Args:
        rgb: uint8 (H, W, 3), RGB, of any size.

    Returns:
        uint8 (SIGNATURE_LENGTH,): luma, Cb and Cr (BT.601) of each cell, row by row.
    """
    rows, columns = _places(rgb.shape[0], _ROWS), _places(rgb.shape[1], _COLUMNS)
    sampled = rgb.take(rows, axis=0).take(columns, axis=1).reshape(_ROWS, _SAMPLES, _COLUMNS * _SAMPLES, 3)
    # (rows, samples, columns * samples, 3) -> (rows, columns, 3)
    sums = sampled.sum(axis=1, dtype=np.uint32).reshape(_ROWS, _COLUMNS, _SAMPLES, 3).sum(axis=2)
    mean = sums.astype(np.float32) / np.float32(_SAMPLES * _SAMPLES)
    luma = mean @ np.array([0.299, 0.587, 0.114], np.float32)
    cells = np.stack([luma, (mean[..., 2] - luma) * 0.564 + 128, (mean[..., 0] - luma) * 0.713 + 128], axis=-1)
    return np.asarray(np.rint(cells), np.uint8).reshape(-1)


def find_cuts(signatures: U8, times_s: Sequence[float]) -> list[int]:
    """Return the positions, ascending, of the frames that begin a new shot; the first frame is not among them.

    Args:
        signatures: uint8 (T, SIGNATURE_LENGTH), of a clip's frames in the order of time.
        times_s: When each is shown; they say how long a flash may last at this frame rate.
    """
    count = len(signatures)
    if count < 2:
        return []
    interval = max(float(np.median(np.diff(np.asarray(times_s, np.float64)))), 1e-3)
    reach = int(np.clip(round(_FLASH_S / interval), 2, 8))
    apart = _changes(signatures, 2 * reach - 1)
    lasting = _lasting(apart, reach)
    half = int(np.clip(round(_NEIGHBOURHOOD_S / interval), 4, 60))
    typical = _typical(apart[0], min(half, reach + 2), half)
    is_cut = (lasting >= _LEAST) & ((lasting >= _TIMES_TYPICAL * typical) | (lasting >= _UNLIKE))
    return [int(place) + 1 for place in np.flatnonzero(is_cut)]


def is_cut_between(before: U8, after: U8) -> bool:
    """Whether two neighbouring frames may be of two shots, by their signatures alone.

    Quick to suspect: it also says yes to flashes and fast pans, where looking again does no harm.
    """
    patterns = _patterns(np.stack([before, after]))
    return bool(np.abs(patterns[1] - patterns[0]).mean() >= _SUSPICIOUS)


@lru_cache(maxsize=16)
def _places(length: int, cells: int) -> npt.NDArray[np.intp]:
    """Return evenly spread positions along a side, ``_SAMPLES`` for each cell."""
    count = cells * _SAMPLES
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)


def _patterns(signatures: U8) -> F32:
    """Return signatures (T, K) with brightness and contrast taken out, float32 (T, K)."""
    cells = signatures.astype(np.float32).reshape(len(signatures), -1, 3)
    cells -= np.array([0, 128, 128], np.float32)
    cells[..., 0] -= cells[..., 0].mean(axis=1, keepdims=True)
    spread = np.abs(cells - cells.mean(axis=1, keepdims=True)).mean(axis=(1, 2))
    # 4 levels of contrast are noise: a black frame has no pattern
    return np.asarray((cells / (spread + 4)[:, None, None]).reshape(len(signatures), -1), np.float32)


def _lasting(apart: Sequence[F32], reach: int) -> F32:
    """Return for each frame but the first the change that lasts, (T - 1,).

    It is the least change from any of the ``reach`` frames before it to any of as many from it on.

    Args:
        apart: The changes between frames 1, 2, ... positions apart, as ``_changes`` gives them.
        reach: How many frames are looked at on either side.
    """
    lasting = np.full(len(apart[0]), np.inf, np.float32)
    for back in range(1, reach + 1):
        for ahead in range(reach):
            if back + ahead <= len(apart):
                change = apart[back + ahead - 1]
                there = lasting[back - 1 : back - 1 + len(change)]
                np.minimum(there, change, out=there)
    return lasting


def _changes(signatures: U8, longest: int) -> list[F32]:
    """Return how much frames change over 1, 2, ... up to ``longest`` positions: (T - 1,), (T - 2,), ..."""
    count = len(signatures)
    apart = [np.empty(count - lag, np.float32) for lag in range(1, min(longest, count - 1) + 1)]
    for first in range(0, count - 1, _BLOCK):
        patterns = _patterns(signatures[first : first + _BLOCK + longest])
        for lag, change in enumerate(apart, start=1):
            there = change[first : first + _BLOCK]
            there[:] = np.abs(patterns[lag : lag + len(there)] - patterns[: len(there)]).mean(axis=1)
    return apart


def _typical(step: F32, near: int, half: int) -> F32:
    """Return how much neighbouring frames change around each place, itself left out, (T - 1,).

    The larger of two: the median change within ``half`` places each way, and the third largest within ``near``. The
    second sees a pan that is over in a moment; up to two other cuts or a flash beside a cut do not count for it.
    """
    padded = np.pad(step, half)  # nothing moves beyond the clip's ends
    typical = np.empty_like(step)
    for first in range(0, len(step), _BLOCK):
        last = min(first + _BLOCK, len(step))
        windows = np.lib.stride_tricks.sliding_window_view(padded[first : last + 2 * half], 2 * half + 1)
        others = np.delete(windows, half, axis=1)
        third = np.partition(others[:, half - near : half + near], -3, axis=1)[:, -3]
        typical[first:last] = np.maximum(np.median(others, axis=1), third)
    return typical
