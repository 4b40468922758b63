"""How alike do two pictures look to people? HaarPSI, which needs no learnt network.

The Haar wavelet-based perceptual similarity index asks where edges of about eight pixels matter, and how well edges of
two and four pixels agree there. It is short, and its paper finds it nearer to what people say of blurred, noisy and
compressed pictures than other measures that learn nothing: R. Reisenhofer, S. Bosse, G. Kutyniok, T. Wiegand, "A Haar
wavelet-based perceptual similarity index for image quality assessment", Signal Processing: Image Communication, 2018.
This is its form for colour. Two things are ours: pictures are mirrored at their edges, where the paper goes on in
black, and a mask may say which pixels count.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F32

__all__ = ["haar_psi"]

F64 = npt.NDArray[np.float64]

_C: Final = 30.0
_ALPHA: Final = 4.2
"""The paper's constants, fitted there to pictures that people had judged; for levels to 255."""

_TO_YIQ: Final = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_SCALES: Final = (1, 2, 3)


def haar_psi(one: F32, other: F32, mask: F32 | None = None) -> float:
    """Return how alike two pictures look, 0 to 1; of equal ones 1.

    Args:
        one: float32 (H, W, 3), 0 to 1, RGB.
        other: The same.
        mask: float32 (H, W), 0 to 1, how much each pixel counts; all do unless given.
    """
    first, second = _to_levels(one), _to_levels(other)
    if mask is not None:  # what lies outside is equal, so that filters at the mask's edge find no difference there
        second = first + (second - first) * mask[..., None]
    first, second = _halved(first), _halved(second)
    weights, similarities = _luma(first[..., 0], second[..., 0])
    weights.append((weights[0] + weights[1]) / 2)  # colours count where edges do, of either kind
    similarities.append((_chroma(first[..., 1], second[..., 1]) + _chroma(first[..., 2], second[..., 2])) / 2)
    counts = np.ones(first.shape[:2]) if mask is None else _halved(mask.astype(np.float64))
    weight = np.stack(weights) * counts
    total = float(weight.sum())
    if total <= 0.0:  # no edge anywhere: colours alone can differ
        weight, total = np.ones_like(weight) * counts, float(counts.sum() * len(weights)) or 1.0
    pooled = float((_sigmoid(np.stack(similarities)) * weight).sum()) / total
    return _unsigmoid(pooled) ** 2 if pooled else 1.0  # nothing counts under an empty mask


def _luma(one: F64, other: F64) -> tuple[list[F64], list[F64]]:
    """Return the weight map and the similarity map of upright and of level edges."""
    weights, similarities = list[F64](), list[F64]()
    for is_level in (True, False):
        mine, theirs = ([np.abs(_haar(plane, scale, is_level)) for scale in _SCALES] for plane in (one, other))
        weights.append(np.maximum(mine[2], theirs[2]))
        similarities.append((_similarity(mine[0], theirs[0]) + _similarity(mine[1], theirs[1])) / 2)
    return weights, similarities


def _chroma(one: F64, other: F64) -> F64:
    """Return the similarity map of a plane of colour differences."""
    return _similarity(np.abs(_mean_of_four(one)), np.abs(_mean_of_four(other)))


def _similarity(one: F64, other: F64) -> F64:
    return np.asarray((2 * one * other + _C**2) / (one**2 + other**2 + _C**2))


def _haar(plane: F64, scale: int, is_level: bool) -> F64:
    """Return what a Haar wavelet of 2^scale pixels answers everywhere."""
    side = 2**scale
    kernel = np.full((side, side), 2.0**-scale)
    kernel[: side // 2] *= -1
    return _filtered(plane, kernel if is_level else kernel.T)


def _mean_of_four(plane: F64) -> F64:
    return _filtered(plane, np.full((2, 2), 0.25))


def _halved(picture: F64) -> F64:
    """Return a picture of half the size, each pixel the mean of four: people sit too far off for more."""
    return np.ascontiguousarray(_mean_of_four(picture)[1::2, 1::2])  # a filter of two pixels ends at its own


def _filtered(picture: F64, kernel: F64) -> F64:
    return np.asarray(cv2.filter2D(picture, cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT))


def _to_levels(rgb: F32) -> F64:
    """Return float64 (H, W, 3) in YIQ, levels 0 to 255."""
    return np.asarray(np.clip(rgb.astype(np.float64), 0.0, 1.0) * 255.0 @ _TO_YIQ.T)


def _sigmoid(values: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-_ALPHA * values)))


def _unsigmoid(value: float) -> float:
    return float(np.log(value / (1.0 - value)) / _ALPHA)
