"""How is a change of the whole distribution of colours learnt from few pixels and given to all, alike in every frame?

What ``color_distributions.idt`` and ``.sot`` do is here learnt from at most 2048 pixels of either picture and carried
along by a lattice of colours; pixels are then looked up in it. Rotations and directions are the same ones in every
call, so nothing flickers for chance's sake, and equal colours stay equal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .color_distributions import draw_rotations
from .types import F32, F64

__all__ = ["idt_lattice", "sot_lattice"]

_SAMPLES: Final = 2048
_SIDE: Final = 17  # of the lattice
_IDT_ROTATIONS: Final = 20
_SOT_STEPS: Final = 10
_SOT_FRAMES: Final = 2  # of three directions at right angles, per step
_SOT_SIGMA_PX: Final = 16.0  # DeepFaceLab's
_BINS: Final = 256


def idt_lattice(picture: F32, reference: F32, weights: F32 | None = None) -> F32:
    """Match histograms along the axes of rotated colour spaces, as ``color_distributions.idt``.

    Args:
        picture: float32 (h, w, 3), 0 to 1: what is recoloured, all of it.
        reference: float32 (h, w, 3), 0 to 1.
        weights: float32 (h, w): only pixels of at least 0.5 are looked at, in both; all by default.

    Returns:
        float32 (h, w, 3), 0 to 1; the picture itself where no pixel is looked at.
    """
    samples, wanted = _samples(picture, weights), _samples(reference, weights)
    if not len(samples):
        return picture
    count, riders = len(samples), np.concatenate([samples, _lattice()])
    for rotation in _rotations():
        here, there = riders @ rotation.T, wanted @ rotation.T
        move = np.stack([_histogram_move(here[:, axis], count, there[:, axis]) for axis in range(3)], axis=1)
        riders = riders + move @ rotation / _IDT_ROTATIONS  # a rotation's inverse is its transpose
    return _added(picture, _looked_up(picture, riders[count:]))


def sot_lattice(picture: F32, reference: F32, weights: F32 | None = None, *, is_smooth: bool = True) -> F32:
    """Move sorted colours onto the reference's along many directions, as ``color_distributions.sot``.

    Arguments and result are those of ``idt_lattice``; with ``is_smooth``, what was moved is smoothed at last, as there,
    which keeps the face's own detail.
    """
    samples, wanted = _samples(picture, weights), _samples(reference, weights)
    if not len(samples):
        return picture
    count, riders = len(samples), np.concatenate([samples, _lattice()])
    for batch in _directions():
        here, there = riders @ batch.T, _quantiles(wanted @ batch.T)
        place = _quantiles(here[:count])
        moves = [np.interp(here[:, one], place[:, one], there[:, one] - place[:, one]) for one in range(len(batch))]
        riders = riders + np.stack(moves, axis=1) @ batch / len(batch)
    move = _looked_up(picture, riders[count:])
    return _added(picture, _smoothed(move, weights) if is_smooth else move)


def _added(picture: F32, move: F32) -> F32:
    return np.asarray(np.clip(picture + move, 0.0, 1.0), np.float32)


def _quantiles(values: F64) -> F64:
    """Return each column's values in rising order, 257 at most, evenly spread."""
    ordered = np.sort(values, axis=0)
    if len(ordered) <= _BINS:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, _BINS + 1).round().astype(np.int64)]


def _smoothed(move: F32, weights: F32 | None) -> F32:
    """Return moves under a Gaussian that looks only at what counts."""
    height, width = move.shape[:2]
    shown = np.ones((height, width), np.float32) if weights is None else weights
    both = np.dstack([move * shown[..., None], shown])
    block = 4 if min(height, width) >= 128 else 1
    if block > 1:
        both = cv2.resize(both, (width // block, height // block), interpolation=cv2.INTER_AREA)
    kernel = 2 * int(1.5 * _SOT_SIGMA_PX / block) + 1  # as far as a bilateral filter looks
    both = cv2.GaussianBlur(both, (kernel, kernel), _SOT_SIGMA_PX / block, borderType=cv2.BORDER_REFLECT_101)
    if block > 1:
        both = cv2.resize(both, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(both[..., :3] / np.maximum(both[..., 3:], 1e-4), np.float32)


def _samples(picture: F32, weights: F32 | None) -> F64:
    """Return colours from all over what counts, float64 (n, 3), at most 2048, the same places in equal masks."""
    rows = picture.reshape(-1, 3)
    places = np.arange(len(rows)) if weights is None else np.flatnonzero(weights.reshape(-1) >= 0.5)
    if len(places) > _SAMPLES:
        places = places[np.linspace(0, len(places) - 1, _SAMPLES).astype(np.int64)]
    return rows[places].astype(np.float64)


def _histogram_move(values: F64, count: int, wanted: F64) -> F64:
    """Return how far values move when the first ``count`` take on the histogram of others."""
    own = values[:count]
    low, high = min(own.min(), wanted.min()), max(own.max(), wanted.max())
    if high - low < 1e-9:
        return np.zeros_like(values)
    counts, edges = np.histogram(own, _BINS, (low, high))
    wanted_counts, _ = np.histogram(wanted, _BINS, (low, high))
    share, wanted_share = (np.concatenate([[0.0], np.cumsum(n) / n.sum()]) for n in (counts, wanted_counts))
    moves = np.interp(share, wanted_share, edges) - edges
    return np.asarray(np.interp(values, edges, moves), np.float64)


@lru_cache(maxsize=1)
def _rotations() -> F64:
    return draw_rotations(np.random.default_rng(1), _IDT_ROTATIONS)


@lru_cache(maxsize=1)
def _directions() -> F64:
    """Return unit vectors, float64 (steps, batch, 3); the axes of a rotation cover all directions best."""
    drawn = draw_rotations(np.random.default_rng(2), _SOT_STEPS * _SOT_FRAMES)
    return drawn.reshape(_SOT_STEPS, _SOT_FRAMES * 3, 3)


@lru_cache(maxsize=1)
def _lattice() -> F64:
    """Return evenly spread colours, float64 (side ** 3, 3); the last channel changes first."""
    line = np.linspace(0.0, 1.0, _SIDE)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)


def _looked_up(picture: F32, moved: npt.NDArray[np.floating]) -> F32:
    """Return how far the lattice has moved at a picture's colours, with linear interpolation, float32 (h, w, 3)."""
    moves = (moved - _lattice()).astype(np.float32).reshape(_SIDE * _SIDE, _SIDE, 3)  # red and green, blue
    red, green, blue = cv2.split(np.clip(picture, 0.0, 1.0) * np.float32(_SIDE - 1))
    low = np.minimum(np.floor(red), _SIDE - 2)
    share = (red - low)[..., None]
    rows = low * _SIDE + green
    below, above = (cv2.remap(moves, blue, some, cv2.INTER_LINEAR) for some in (rows, rows + _SIDE))
    return np.asarray(below + (above - below) * share, np.float32)
