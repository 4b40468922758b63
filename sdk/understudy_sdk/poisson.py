"""What does a picture look like whose detail is one picture's and whose border is another's?

P. Pérez, M. Gangnet and A. Blake, "Poisson Image Editing", ACM TOG 22(3), 2003, equation 4 with a guidance field that
is the face's gradient where the face shows and the frame's elsewhere. The discretisation is that of OpenCV's
``seamlessClone`` (forward differences, solved over the box around the mask, whose border keeps the frame), so results
agree with it to its rounding. Solving here instead keeps floating point: OpenCV's takes and returns 8-bit pictures,
which would leave steps in 10- and 12-bit footage.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["clone", "clone_to_the_edge", "offset"]

F32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_INSET_PX: Final = 3
"""The face's gradients hold this far within the edge of what shows; as in OpenCV, whose results this agrees with."""

_SMALLEST_PX: Final = 4
"""A picture to solve is no smaller."""

_SOLVE_SIDE: Final = 256
"""Larger faces are solved at this side: what is added is smooth, and the time grows with the side's third power."""

# The two ends of each link between neighbours, as indices of whole arrays.
_ALONG_ROWS: Final = (np.s_[:, :-1], np.s_[:, 1:])
_ALONG_COLUMNS: Final = (np.s_[:-1], np.s_[1:])


def clone_to_the_edge(face: F32, frame: F32, shows: Bools) -> F32:
    """Clone a face that may reach the region's edge, which it does only where the picture ends.

    There the frame says nothing about the light, so the picture is mirrored outwards: nothing then flows across
    that edge.
    """
    height, width = shows.shape
    top, bottom = (height // 2 * bool(shows[row].any()) for row in (0, -1))
    left, right = (width // 2 * bool(shows[:, column].any()) for column in (0, -1))
    if not (top or bottom or left or right):
        return clone(face, frame, shows)
    rows, columns = (top, bottom), (left, right)
    cloned = clone(
        np.pad(face, (rows, columns, (0, 0)), mode="symmetric"),
        np.pad(frame, (rows, columns, (0, 0)), mode="symmetric"),
        np.pad(shows, (rows, columns), mode="symmetric"),
    )
    return np.ascontiguousarray(cloned[top : top + height, left : left + width])


def clone(face: F32, frame: F32, shows: Bools) -> F32:
    """Return the frame with the face cloned into it, float32 (h, w, 3), not clipped.

    Solved over the box around the shown face; a box larger than 256 px is solved at that side. What is added to the
    face is smooth, and so is what is added around it, so each is enlarged by itself.

    Args:
        face: float32 (h, w, 3).
        frame: float32 (h, w, 3).
        shows: bool (h, w), where the face shows; at least 4 px wide and high.
    """
    x, y, width, height = cv2.boundingRect(shows.view(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    square = np.ones((2 * _INSET_PX + 1, 2 * _INSET_PX + 1), np.uint8)
    eroded = cv2.erode(shows[box].astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    inside = np.asarray(eroded, np.bool_)
    if max(width, height) <= _SOLVE_SIDE:
        added = offset(face[box], frame[box], inside)
    else:
        added = _offset_enlarged(face[box], frame[box], inside)
    cloned = frame.copy()
    cloned[box] = np.where(inside[..., None], face[box], frame[box]) + added
    return cloned


def _offset_enlarged(face: F32, frame: F32, inside: Bools) -> F32:
    """Return the offset of a large picture, solved on a smaller one, float32 (h, w, 3)."""
    height, width = inside.shape
    shrink = _SOLVE_SIDE / max(width, height)
    small = max(_SMALLEST_PX, round(width * shrink)), max(_SMALLEST_PX, round(height * shrink))
    share = cv2.resize(inside.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    small_inside = np.asarray(share > 0.5, np.bool_)
    added = offset(
        np.asarray(cv2.resize(face, small, interpolation=cv2.INTER_AREA), np.float32),
        np.asarray(cv2.resize(frame, small, interpolation=cv2.INTER_AREA), np.float32),
        small_inside,
    )
    within, around = (
        cv2.resize(_spread(added, part), (width, height), interpolation=cv2.INTER_LINEAR)
        for part in (small_inside, ~small_inside)
    )
    return np.asarray(np.where(inside[..., None], within, around), np.float32)


def _spread(values: F32, known: Bools) -> F32:
    """Continue values, float32 (h, w, 3), from where they are known to the pixels beside, so that enlarging can mix."""
    weights = known.astype(np.float32)
    around = (5, 5)
    total = cv2.blur(weights, around)
    mean = cv2.blur(values * weights[..., None], around) / np.maximum(total, 1e-6)[..., None]
    return np.asarray(np.where(known[..., None], values, mean), np.float32)


def offset(face: F32, frame: F32, inside: Bools) -> F32:
    """Return what to add to the face inside and to the frame outside to get the cloned picture.

    Args:
        face: float32 (h, w, 3), at least 3 px each way.
        frame: float32 (h, w, 3); its outermost pixels stay as they are.
        inside: bool (h, w), where the face's gradients hold.

    Returns:
        float32 (h, w, 3); 0 along the border. Smooth on both sides of the mask's edge, with a step across it.
    """
    # With pasted = inside ? face : frame, the offset u = clone - pasted obeys
    # laplace(u) = divergence(guidance - gradient(pasted)), and that bracket is 0 but on links that cross the edge.
    difference, shows = face - frame, inside.astype(np.float32)[..., None]
    source = np.zeros_like(face)
    for near, far in (_ALONG_ROWS, _ALONG_COLUMNS):
        # The guidance on the link from near to far is the gradient of the picture that shows at its near end.
        surplus = difference[far] * (shows[near] - shows[far])
        source[near] += surplus
        source[far] -= surplus
    solved = np.zeros_like(face)
    solved[1:-1, 1:-1] = _solve(source[1:-1, 1:-1])
    return solved


def _solve(source: F32) -> F32:
    """Return u with laplace(u) = source (5-point, 0 beyond the border), float32 (h, w, 3), by sine transforms."""
    height, width = source.shape[:2]
    down, down_values = _sines(height)
    across, across_values = _sines(width)
    channels = np.ascontiguousarray(source.transpose(2, 0, 1))
    # (h, w, 3) -> (3, h, w)
    spectrum = down @ channels @ across / -(down_values[:, None] + across_values)
    return (down @ spectrum @ across).transpose(1, 2, 0)


@lru_cache(maxsize=64)
def _sines(count: int) -> tuple[F32, F32]:
    """Return the eigenvectors of the second difference, float32 (n, n), symmetric and orthonormal, and -eigenvalues."""
    index = np.arange(1, count + 1, dtype=np.float64)
    sines = np.sin(np.pi * np.outer(index, index) / (count + 1))
    vectors = (np.sqrt(2.0 / (count + 1)) * sines).astype(np.float32)
    values = (2.0 - 2.0 * np.cos(np.pi * index / (count + 1))).astype(np.float32)
    vectors.flags.writeable = values.flags.writeable = False  # shared by all callers
    return vectors, values
