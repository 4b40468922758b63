"""How does a face lie in the frame as a whole, and which of its parts move by themselves?

A face's landmarks are taken apart into a *placing* (the similarity that lays the mean face over them, judged by points
that no expression moves: the nose and the corners of the eyes) and what is left, the *local* points, in sides of the
mean face's unit square. Put together again they are the same points. All sums run within one frame, so that a frame's
numbers do not depend on which other frames are looked at with it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk.landmarks import COUNT, JAW, LEFT_BROW, LEFT_EYE, MOUTH, NOSE, RIGHT_BROW, RIGHT_EYE, TEMPLATE
from understudy_sdk.types import F32, F64

__all__ = [
    "LANDMARK_PARTS",
    "OPENINGS",
    "PARTS",
    "parts_of_mesh",
    "placings_of",
    "sides_of",
    "squared_shifts",
    "to_frame",
    "to_local",
]

Ints = npt.NDArray[np.intp]

PARTS: Final = ("nose", "right eye", "left eye", "brows", "mouth", "jaw")
"""What moves by itself; "nose" is also all that hardly moves."""

_SLICES: Final = ((NOSE, 0), (RIGHT_EYE, 1), (LEFT_EYE, 2), (RIGHT_BROW, 3), (LEFT_BROW, 3), (MOUTH, 4), (JAW, 5))


def _landmark_parts() -> Ints:
    parts = np.empty(COUNT, np.intp)
    for where, part in _SLICES:
        parts[where] = part
    parts.flags.writeable = False
    return parts


LANDMARK_PARTS: Final = _landmark_parts()
"""intp (68,): each landmark's part, a position in PARTS."""

OPENINGS: Final = (
    (1, (37, 38), (40, 41)),
    (2, (43, 44), (46, 47)),
    (4, (50, 51, 52, 61, 62, 63), (56, 57, 58, 65, 66, 67)),
)
"""What opens and shuts: in which of PARTS, between which upper landmarks and which lower ones."""

_STEADY: Final = (*range(27, 36), 36, 39, 42, 45)
_REST: Final = TEMPLATE[np.subtract(_STEADY, 17)]
_CENTER: Final = _REST.mean(axis=0)
_ARMS: Final = _REST - _CENTER
_SPREAD: Final = float((_ARMS**2).sum())
_SMALLEST_PX: Final = 1e-6  # of a unit side, so that local points stay finite where all landmarks lie in one place


def placings_of(landmarks: npt.NDArray[np.floating]) -> F64:
    """Return where faces lie: the least-squares similarity from the mean face to the landmarks of each frame.

    It is linear in the landmarks, so placings may be averaged and extrapolated number by number.

    Args:
        landmarks: float (T, 68, 2), x y in px.

    Returns:
        float64 (T, 4): cosine and sine of the turn, both times the px of a unit side, and the middle, x y in px.
    """
    points = np.asarray(landmarks, np.float64)[:, list(_STEADY)]  # (T, L, 2)
    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    cosine = (x * _ARMS[:, 0] + y * _ARMS[:, 1]).sum(axis=1) / _SPREAD
    sine = (y * _ARMS[:, 0] - x * _ARMS[:, 1]).sum(axis=1) / _SPREAD
    return np.column_stack([cosine, sine, x.mean(axis=1), y.mean(axis=1)])


def squared_shifts(changes: F64, placings: F64) -> F64:
    """Return float64 (T,): by how much changes (T, 4) of placings shift a coordinate, mean square, in unit sides."""
    turned = (changes[:, 0] ** 2 + changes[:, 1] ** 2) * (_SPREAD / len(_REST))
    moved = changes[:, 2] ** 2 + changes[:, 3] ** 2
    return np.asarray((turned + moved) / (2.0 * sides_of(placings) ** 2), np.float64)


def sides_of(placings: F64) -> F64:
    """Return float64 (T,): how many px a unit side has in each placing (T, 4)."""
    return np.asarray(np.sqrt(np.maximum(placings[:, 0] ** 2 + placings[:, 1] ** 2, _SMALLEST_PX**2)), np.float64)


def to_local(placings: F64, points: npt.NDArray[np.floating]) -> F64:
    """Return points as they lie on the face, in unit sides from its middle.

    Args:
        placings: float64 (T, 4), see ``placings_of``.
        points: float (T, P, D), x y or x y z in the frame's px.

    Returns:
        float64 (T, P, D).
    """
    points = np.asarray(points, np.float64)
    cosine, sine, x0, y0 = (column[:, None] for column in placings.T)
    side = sides_of(placings)[:, None]
    x, y = points[..., 0] - x0, points[..., 1] - y0
    local = np.empty(points.shape, np.float64)
    local[..., 0] = (cosine * x + sine * y) / side**2
    local[..., 1] = (cosine * y - sine * x) / side**2
    if points.shape[-1] > 2:
        local[..., 2] = points[..., 2] / side
    return local


def to_frame(placings: F64, local: F64) -> F64:
    """Return local points (T, P, D) in the frame's px again; the inverse of ``to_local``."""
    cosine, sine, x0, y0 = (column[:, None] for column in placings.T)
    points = np.empty(local.shape, np.float64)
    points[..., 0] = cosine * local[..., 0] - sine * local[..., 1] + x0
    points[..., 1] = sine * local[..., 0] + cosine * local[..., 1] + y0
    if local.shape[-1] > 2:
        points[..., 2] = local[..., 2] * sides_of(placings)[:, None]
    return points


def parts_of_mesh(landmarks: F32, meshes: F32) -> Ints:
    """Return to which part each point of a dense mesh belongs: that of the nearest landmark of the mean shape.

    Args:
        landmarks: float32 (N, 68, 2), of some frames of a track; a few dozen spread over it are enough.
        meshes: float32 (N, M, 3), of the same frames.

    Returns:
        intp (M,), positions in PARTS.
    """
    placings = placings_of(landmarks)
    marks = to_local(placings, landmarks).mean(axis=0)
    points = to_local(placings, meshes[..., :2]).mean(axis=0)
    away = ((points[:, None] - marks[None]) ** 2).sum(axis=-1)  # (M, 68)
    return np.asarray(LANDMARK_PARTS[away.argmin(axis=1)], np.intp)
