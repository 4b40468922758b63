"""How does a face take on another picture's whole distribution of colours, not only mean and contrast?

Four ways that DeepFaceLab offers beside ``color_transfer.rct``. What they leave to chance is given to them, so that
the same arguments give the same picture. Pictures are float32 (H, W, 3), RGB, 0 to 1.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["draw_directions", "draw_rotations", "idt", "lct", "mkl", "sot"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_BINS: Final = 256
_RIDGE: Final = 1e-5  # added to variances, so that a plain picture has an inverse
_ROUNDING: Final = 1e-8  # variance that is no more than rounding
_SOT_SIGMA_COLOR, _SOT_SIGMA_PX = 5.0, 16.0


def lct(picture: F32, reference: F32, weights: F32 | None = None) -> F32:
    """Give a picture the reference's mean and covariance, by their symmetric roots ("linear colour transfer").

    Args:
        picture: What is recoloured.
        reference: Of any size where there are no weights.
        weights: float32 (H, W), how much each pixel counts, in both; all alike by default.
    """
    mean, covariance = _moments(picture, weights)
    reference_mean, reference_covariance = _moments(reference, weights)
    ridge = _RIDGE * np.eye(3)
    matrix = _root(reference_covariance + ridge) @ np.linalg.inv(_root(covariance + ridge))
    return _moved(picture, matrix.T, mean, reference_mean)


def mkl(picture: F32, reference: F32, weights: F32 | None = None) -> F32:
    """Give a picture the reference's mean and covariance with the least movement (Monge-Kantorovitch, linear).

    F. Pitie and A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping", 2007.

    Args:
        picture: What is recoloured.
        reference: Of any size where there are no weights.
        weights: float32 (H, W), how much each pixel counts, in both; all alike by default.
    """
    mean, covariance = _moments(picture, weights, lost_degrees=1)
    reference_mean, reference_covariance = _moments(reference, weights, lost_degrees=1)
    root = _root(covariance + _ROUNDING * np.eye(3))
    inverse = np.linalg.inv(root)
    return _moved(picture, inverse @ _root(root @ reference_covariance @ root) @ inverse, mean, reference_mean)


def idt(picture: F32, reference: F32, rotations: npt.NDArray[np.floating]) -> F32:
    """Match histograms along the axes of rotated colour spaces, one rotation after the other.

    F. Pitie, A. Kokaram and R. Dahyot, "N-dimensional probability density function transfer", 2005. As in DeepFaceLab,
    each rotation goes only a share of the way: 1 / their number.

    Args:
        picture: What is recoloured.
        reference: Of any size.
        rotations: float (N, 3, 3).
    """
    colors, wanted = _rows(picture).T, _rows(reference).T  # 3, N
    for rotation in np.asarray(rotations, np.float64):
        here, there = rotation @ colors, rotation @ wanted
        matched = np.stack([_match_histogram(a, b) for a, b in zip(here, there, strict=True)])
        colors = colors + np.linalg.solve(rotation, matched - here) / len(rotations)
    return _picture(colors.T, picture.shape)


def sot(
    picture: F32, reference: F32, directions: npt.NDArray[np.floating], sigma_color: float = _SOT_SIGMA_COLOR
) -> F32:
    """Move sorted colours onto the reference's sorted ones along many directions ("sliced optimal transport").

    What was moved is smoothed at last, with edges kept.

    Args:
        picture: What is recoloured.
        reference: Of the same size.
        directions: float (steps, batch, 3), unit vectors; the moves of a batch are averaged.
        sigma_color: By how much moves may differ and still be smoothed into each other.
    """
    start, wanted = _rows(picture), _rows(reference)
    colors = start.copy()
    for batch in np.asarray(directions, np.float64):
        move = np.zeros_like(colors)
        for direction in batch:
            here, there = colors @ direction, wanted @ direction
            place = np.argsort(here)
            move[place] += (np.sort(there) - here[place])[:, None] * direction
        colors += move / len(batch)
    moved = np.ascontiguousarray((colors - start).reshape(picture.shape), np.float32)
    smooth = cv2.bilateralFilter(moved, 0, sigma_color, _SOT_SIGMA_PX)
    return np.clip(picture + np.asarray(smooth, np.float32), 0.0, 1.0)


def draw_rotations(generator: np.random.Generator, count: int = 20) -> F64:
    """Return rotations of colour space, evenly spread, (count, 3, 3)."""
    q, r = np.linalg.qr(generator.standard_normal((count, 3, 3)))
    q = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]
    q[:, 0] *= np.linalg.det(q)[:, None]
    return np.asarray(q, np.float64)


def draw_directions(generator: np.random.Generator, steps: int = 10, batch: int = 5) -> F64:
    """Return unit vectors in colour space, evenly spread, (steps, batch, 3)."""
    drawn = generator.standard_normal((steps, batch, 3))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True), np.float64)


def _rows(picture: F32) -> F64:
    return picture.reshape(-1, 3).astype(np.float64)


def _picture(rows: F64, shape: tuple[int, ...]) -> F32:
    return np.clip(rows.reshape(shape), 0.0, 1.0).astype(np.float32)


def _moments(picture: F32, weights: F32 | None = None, lost_degrees: int = 0) -> tuple[F64, F64]:
    """Return mean (3,) and covariance (3, 3) of the colours."""
    planes = np.array(picture.reshape(-1, 3).T, np.float64, order="C")  # of few colours, float32 leaves but rounding
    shares = np.ones(planes.shape[1]) if weights is None else weights.reshape(-1).astype(np.float64)
    total = float(shares.sum())
    mean = planes @ shares / total
    planes -= mean[:, None]
    return mean, (planes * shares) @ planes.T / max(total - lost_degrees, 1.0)


def _root(matrix: F64) -> F64:
    """Return the symmetric root of a symmetric matrix that is nowhere negative."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, np.finfo(np.float64).eps))) @ vectors.T)


def _moved(picture: F32, matrix: F64, mean: F64, reference_mean: F64) -> F32:
    affine = np.concatenate([matrix.T, (reference_mean - mean @ matrix)[:, None]], axis=1)
    return np.clip(np.asarray(cv2.transform(picture, affine), np.float32), 0.0, 1.0)


def _match_histogram(values: F64, wanted: F64) -> F64:
    low, high = min(values.min(), wanted.min()), max(values.max(), wanted.max())
    counts, edges = np.histogram(values, _BINS, (low, high))
    wanted_counts, _ = np.histogram(wanted, _BINS, (low, high))
    share, wanted_share = (np.cumsum(n) / n.sum() for n in (counts, wanted_counts))
    mapped = np.interp(share, wanted_share, edges[1:])
    return np.asarray(np.interp(values, edges[1:], mapped, left=0.0, right=float(_BINS)), np.float64)
