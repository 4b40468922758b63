"""How does a picture take on the histograms of another?"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .histogram_config import HistogramConfig

__all__ = ["match_histograms", "matched_face"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_STEPS: Final = 4080  # bins from 0 to 1: every step of 8 bits falls on one, and 15 lie between
_LOW, _HIGH = -0.5, 1.5  # fixed, as bins that went with the picture would let colours tremble
_BINS: Final = int(_STEPS * (_HIGH - _LOW)) + 1


def matched_face(config: HistogramConfig, face: F32, target: F32, shape: F32) -> F32:
    """Return a face with the target's histograms, as the settings say, float32 (h, w, 3).

    Args:
        config: The settings.
        face: float32 (h, w, 3).
        target: float32 (h, w, 3), the face it covers.
        shape: float32 (h, w), 0 to 1, where the face shows.
    """
    reach = config.histogram_threshold / 255.0
    if config.histogram_of == "whole_crop":
        return match_histograms(face, target, reach=reach)
    if config.histogram_of == "masked":
        return match_histograms(face, target, shape, shape, reach=reach)
    is_outside = (shape <= 0.0)[..., None]
    white = np.float32(1.0)
    return match_histograms(np.where(is_outside, white, face), np.where(is_outside, white, target), reach=reach)


def match_histograms(
    picture: F32,
    reference: F32,
    picture_weights: F32 | None = None,
    reference_weights: F32 | None = None,
    *,
    reach: float = 1.0,
) -> F32:
    """Return a picture whose channels have the reference's histograms: each value goes where its rank lies there.

    Args:
        picture: float32 (h, w, C).
        reference: float32 (any, any, C).
        picture_weights: float32 (h, w), how much each pixel counts; all alike by default.
        reference_weights: float32 of the reference's height and width.
        reach: 0 to 1, the rank in the reference that the picture's highest value is given.

    Returns:
        float32 (h, w, C). Without any weight the picture stays.
    """
    if any(weights is not None and float(weights.sum()) < 1.0 for weights in (picture_weights, reference_weights)):
        return picture
    channels = [
        _matched(picture[..., place], reference[..., place], (picture_weights, reference_weights), reach)
        for place in range(picture.shape[-1])
    ]
    return np.stack(channels, axis=-1)


def _matched(values: F32, wanted: F32, weights: tuple[F32 | None, F32 | None], reach: float) -> F32:
    places = _places(values)
    bins, ranks = _ranks(places, weights[0])
    wanted_bins, wanted_ranks = _ranks(_places(wanted), weights[1])
    goes_to = np.interp(np.arange(_BINS), bins, np.interp(ranks * reach, wanted_ranks, wanted_bins))
    table = (_LOW + goes_to / _STEPS).astype(np.float32)
    rise = np.append(np.diff(table), np.float32(0.0))
    below = places.astype(np.int32)
    return np.asarray(table[below] + rise[below] * (places - below.astype(np.float32)), np.float32)


def _places(values: F32) -> F32:
    """Return values counted in bins from the lowest on."""
    return np.asarray(np.clip((values - np.float32(_LOW)) * np.float32(_STEPS), 0.0, _BINS - 1.0), np.float32)


def _ranks(places: F32, weights: F32 | None) -> tuple[npt.NDArray[np.intp], F64]:
    """Return the bins that occur, and what share of the pixels lies no higher than each; both rise."""
    given: Any = None if weights is None else weights.reshape(-1)
    counts = np.bincount(np.rint(places).astype(np.int32).reshape(-1), weights=given, minlength=_BINS)
    bins = np.flatnonzero(counts > 0)
    shares = np.cumsum(counts[bins])
    return bins, np.asarray(shares / shares[-1], np.float64)
