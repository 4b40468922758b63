"""How do the faces of a set stand to each other: which is like which, and which like none?

A chain goes from each face to the nearest (or farthest) of those left, as DeepFaceLab's sorting by similarity does. Its
work grows with the square of the faces, so a large set is chained in blocks, each going on from the last face of the
one before. Distances of each to all are taken in strips, so that memory stays flat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.progress import Progress
from understudy_sdk.types import F32, F64

from .looking import Sight

__all__ = [
    "Distances", "chain", "color_histograms", "far_from_all", "grey_histogram", "histogram_distances",
    "picture_distances", "shape_distances", "small_grey", "small_picture",
]  # fmt: skip

Distances = Callable[[F32, F32], F32]
"""Takes one face's features (D,) and those of others (N, D); gives how far it is from each, float32 (N,)."""

BLOCK_FACES: Final = 4000
STRIP_FACES: Final = 128
"""Faces compared at once; their differences stay in the processor's cache, which is four times as fast."""

SMALL_PX: Final = 16
SMALL_GREY_PX: Final = 32


def color_histograms(sight: Sight) -> F32:
    """Return the roots of the shares of red, green and blue levels: float32 (768,)."""
    return np.concatenate([_histogram(sight.rgb[..., channel], None) for channel in range(3)])


def grey_histogram(sight: Sight) -> F32:
    """Return the roots of the shares of grey levels under the mask: float32 (256,)."""
    mask = sight.is_face.astype(np.uint8) if sight.is_face.any() else None
    return _histogram(sight.grey, mask)


def small_picture(sight: Sight) -> F32:
    """Return a picture small enough to compare with thousands: float32 (768,), 0 to 255."""
    small = cv2.resize(sight.rgb, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def small_grey(sight: Sight) -> F32:
    """Return a grey picture large enough to tell open lips from closed ones: float32 (1024,), 0 to 255."""
    small = cv2.resize(sight.grey, (SMALL_GREY_PX, SMALL_GREY_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def histogram_distances(one: F32, others: F32) -> F32:
    """Return the sums over channels of Bhattacharyya distances; features are roots of shares, 256 to a channel."""
    overlap = np.einsum("ncl,cl->nc", others.reshape(len(others), -1, 256), one.reshape(-1, 256))
    return np.asarray(np.sqrt(np.clip(1.0 - overlap, 0.0, None)).sum(axis=1), np.float32)


def picture_distances(one: F32, others: F32) -> F32:
    """Return the mean absolute differences."""
    apart = np.empty(len(others), np.float32)
    share = np.full(one.size, 1.0 / one.size, np.float32)
    for start in range(0, len(others), STRIP_FACES):
        strip = others[start : start + STRIP_FACES] - one
        apart[start : start + STRIP_FACES] = np.abs(strip, out=strip) @ share
    return apart


def shape_distances(one: F32, others: F32) -> F32:
    """Return the mean distances of points; features are x, y, x, y, ..."""
    apart = (others - one).reshape(len(others), -1, 2)
    return np.asarray(np.linalg.norm(apart, axis=2).mean(axis=1), np.float32)


def chain(features: F32, distances: Distances, progress: Progress, *, farthest: bool = False) -> tuple[list[int], F64]:
    """Return positions such that each next face is the nearest (or farthest) one left, and how far each step was.

    Args:
        features: float32 (N, D).
        distances: How far faces are apart.
        progress: Is advanced by each face.
        farthest: Whether each next face is the farthest.
    """
    order, steps = list[int](), list[float]()
    for start in range(0, len(features), BLOCK_FACES):
        left = np.arange(start, min(start + BLOCK_FACES, len(features)))
        inside = features[left]
        while len(left):
            place = 0
            if order:
                apart = distances(features[order[-1]], inside)
                place = int(apart.argmax() if farthest else apart.argmin())
                steps.append(float(apart[place]))
            order.append(int(left[place]))
            left[place], inside[place] = left[-1], inside[-1]  # the last takes its place
            left, inside = left[:-1], inside[:-1]
            progress.advance()
    return order, np.array([0.0, *steps][: len(order)], np.float64)


def far_from_all(features: F32, distances: Distances, progress: Progress) -> F64:
    """Return the mean distance of each face from all others: float64 (N,)."""
    means = np.zeros(len(features))
    for number, one in enumerate(features):
        total = 0.0
        for start in range(0, len(features), BLOCK_FACES):
            total += float(distances(one, features[start : start + BLOCK_FACES]).sum())
        means[number] = total / max(1, len(features) - 1)
        progress.advance()
    return means


def _histogram(levels: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8] | None) -> F32:
    counts = cv2.calcHist([np.ascontiguousarray(levels)], [0], mask, [256], [0, 256]).ravel()
    return np.asarray(np.sqrt(counts / max(1.0, float(counts.sum()))), np.float32)
