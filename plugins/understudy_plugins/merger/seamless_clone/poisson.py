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

import numpy as np
import numpy.typing as npt

__all__ = ["offset"]

F32 = npt.NDArray[np.float32]

# The two ends of each link between neighbours, as indices of whole arrays.
_ALONG_ROWS: Final = (np.s_[:, :-1], np.s_[:, 1:])
_ALONG_COLUMNS: Final = (np.s_[:-1], np.s_[1:])


def offset(face: F32, frame: F32, inside: npt.NDArray[np.bool_]) -> F32:
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
