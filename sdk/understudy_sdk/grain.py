"""How strong and how coarse is a picture's grain, and how is another given the same?

Grain is all the fine detail of a picture's flattest places. It is measured by brightness, in luma and in two colour
differences, each as the robust spread of what a small Gaussian takes away, with how alike neighbouring pixels are.
Made grain is noise of the same coarseness, measured in the same way and scaled, so that what the measure makes of it
does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .types import F32

__all__ = ["Grain", "add_grain", "measure_grain"]

_FINE_PX: Final = 1.5  # sigma of the Gaussian that takes detail away
_FLAT_PX: Final = 3.0  # and of the look around a place for how flat it is
_FLAT_SHARE: Final = 0.3  # of the places, the flattest, are looked at
_LEAST_PLACES: Final = 400
_LEVEL_BLOCK: Final = 4  # px
_BANDS: Final = 4  # of brightness
_COARSENESS_PX: Final = (0.0, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0)  # sigmas that noise is blurred with
_TO_PLANES: Final = np.array(  # BT.709's luma, blue and red difference
    [[0.2126, 0.7152, 0.0722], [-0.2126, -0.7152, 0.9278], [0.7874, -0.7152, -0.0722]]
)
_TO_RGB: Final = np.linalg.inv(_TO_PLANES)

Places = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """What a picture's grain is like.

    Attributes:
        levels: float64 (bands,), rising: the brightness, 0 to 1, at which it was measured.
        sigmas: float64 (3, bands): spread of luma, blue and red difference there, as the measure sees it.
        coarseness_px: float64 (3,): sigma of the Gaussian under which noise is as coarse.
    """

    levels: npt.NDArray[np.float64]
    sigmas: npt.NDArray[np.float64]
    coarseness_px: npt.NDArray[np.float64]


def measure_grain(picture: F32, where: Places) -> Grain | None:
    """Return the grain of a picture's flat places, or nothing where there are fewer than 400 of them.

    Args:
        picture: float32 (h, w, 3), RGB in its transfer, 0 to 1.
        where: bool (h, w): what is looked at.
    """
    planes = _planes(picture)
    flat = _flat_places(planes[0], where)
    if flat is None:
        return None
    fine = [_fine(plane) for plane in planes]
    levels, bands = _bands(_smooth(planes[0]), flat)
    sigmas = np.array([[_spread(plane[band]) for band in bands] for plane in fine])
    return Grain(levels, sigmas, np.array([_coarseness(plane, flat) for plane in fine]))


def add_grain(picture: F32, grain: Grain, where: Places, share: float, seed: tuple[int, ...]) -> F32:
    """Return a picture with as much grain added as it lacks.

    Args:
        picture: float32 (h, w, 3), RGB.
        grain: What it is to look like.
        where: bool (h, w): where the picture's own grain is measured.
        share: 0 to 1, how much of the lacking spread is added.
        seed: Decides the grain's pattern.
    """
    own = measure_grain(picture, where)
    generator, (height, width) = np.random.default_rng(seed), picture.shape[:2]
    small = max(1, width // _LEVEL_BLOCK), max(1, height // _LEVEL_BLOCK)  # brightness is smooth, and few numbers do
    level = cv2.resize(_smooth(_planes(picture)[0]), small, interpolation=cv2.INTER_AREA)
    added = np.empty((height, width, 3), np.float32)
    for number in range(3):
        lacking = np.square(np.interp(level, grain.levels, grain.sigmas[number]))
        if own is not None:
            lacking -= np.square(np.interp(level, own.levels, own.sigmas[number]))
        sigma = cv2.resize(np.sqrt(np.maximum(lacking, 0.0)) * share, (width, height), interpolation=cv2.INTER_LINEAR)
        added[..., number] = _noise(generator, (height, width), float(grain.coarseness_px[number])) * sigma
    return np.asarray(picture + cv2.transform(added, _TO_RGB), np.float32)


def _noise(generator: np.random.Generator, shape: tuple[int, ...], coarseness_px: float) -> F32:
    """Return noise whose measured spread is 1."""
    noise = _coarsened(generator.standard_normal(shape, np.float32), coarseness_px)
    table = _spread_table()
    return noise / np.float32(np.interp(coarseness_px, _COARSENESS_PX, table[:, 0]))


def _coarseness(fine: F32, flat: Places) -> float:
    """Return the sigma under which noise has neighbours as alike as a plane's fine detail has."""
    alike = np.mean([_likeness(fine, flat, axis) for axis in (0, 1)])
    return float(np.interp(alike, _spread_table()[:, 1], _COARSENESS_PX))


@lru_cache(maxsize=1)
def _spread_table() -> npt.NDArray[np.float64]:
    """Return measured spread and likeness of neighbours of noise under each Gaussian, float64 (n, 2)."""
    noise = np.random.default_rng(0).standard_normal((256, 256), np.float32)
    everywhere, rows = np.ones(noise.shape, np.bool_), []
    for sigma in _COARSENESS_PX:
        fine = _fine(_coarsened(noise, sigma))
        rows.append((_spread(fine), np.mean([_likeness(fine, everywhere, axis) for axis in (0, 1)])))
    return np.array(rows, np.float64)


def _coarsened(noise: F32, sigma: float) -> F32:
    return noise if sigma < 0.2 else np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32)


def _planes(picture: F32) -> list[F32]:
    planes = cv2.split(cv2.transform(picture, _TO_PLANES))
    return [np.asarray(plane, np.float32) for plane in planes]


def _smooth(plane: F32) -> F32:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _FLAT_PX), np.float32)


def _fine(plane: F32) -> F32:
    return plane - np.asarray(cv2.GaussianBlur(plane, (0, 0), _FINE_PX), np.float32)


def _flat_places(luma: F32, where: Places) -> Places | None:
    """Return the flattest of the places: those around which the smoothed picture changes least."""
    if int(where.sum()) < _LEAST_PLACES / _FLAT_SHARE:
        return None
    smooth = _smooth(luma)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    slope = cv2.boxFilter(np.asarray(slope, np.float32), -1, (7, 7))
    return np.asarray(where & (slope <= np.quantile(slope[where], _FLAT_SHARE)), np.bool_)


def _bands(level: F32, flat: Places) -> tuple[npt.NDArray[np.float64], list[Places]]:
    """Return the middle brightness of equally large parts of the flat places, and these parts."""
    edges = np.quantile(level[flat], np.linspace(0.0, 1.0, _BANDS + 1))
    bands = [flat & (level >= low) & (level <= high) for low, high in pairwise(edges)]
    return np.asarray((edges[:-1] + edges[1:]) / 2, np.float64), bands


def _spread(values: F32) -> float:
    """Return the standard deviation that normal values of this median distance would have."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _likeness(fine: F32, flat: Places, axis: int) -> float:
    """Return the correlation of neighbours along an axis."""
    first, second = (fine[:-1], fine[1:]) if axis == 0 else (fine[:, :-1], fine[:, 1:])
    both = flat[:-1] & flat[1:] if axis == 0 else flat[:, :-1] & flat[:, 1:]
    here, there = first[both], second[both]
    return float((here * there).mean() / max(float(np.square(here).mean()), 1e-20))
