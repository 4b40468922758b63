"""Which square of the frame does the mesh network look at?"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

EYE_CORNERS: Final = (33, 263)
"""Mesh points at the outer corners of the subject's right and left eye."""

MARGIN: Final = 1.5
"""The square's side over the long side of the face's box; what the network was trained with."""


class Roi(NamedTuple):
    """A turned square in the frame.

    Attributes:
        x: Of its centre in the frame's px.
        y: Of its centre in the frame's px.
        side: In the frame's px.
        turn: Clockwise from the frame's axes, in radians; the eyes are level along it.
    """

    x: float
    y: float
    side: float
    turn: float

    def matrix(self, size: int) -> F64:
        """Return the affine (2, 3) from a crop of that size to the frame; (0, 0) is the crop's top-left corner."""
        cos, sin = (self.side / size) * math.cos(self.turn), (self.side / size) * math.sin(self.turn)
        half = size / 2
        return np.array(
            [[cos, -sin, self.x - (cos - sin) * half], [sin, cos, self.y - (sin + cos) * half]],
        )


def roi_of_box(box: F32, eyes: F32 | None) -> Roi:
    """Return the square around a detector's box, turned so that the eyes are level where they are known."""
    x0, y0, x1, y1 = (float(value) for value in box)
    turn = 0.0 if eyes is None else _turn(eyes[0], eyes[1])
    return Roi((x0 + x1) / 2, (y0 + y1) / 2, MARGIN * max(x1 - x0, y1 - y0), turn)


def roi_of_mesh(mesh: F32) -> Roi:
    """Return the square around a mesh (M, 3) in the frame's px: its box along the line of the eyes."""
    turn = _turn(mesh[EYE_CORNERS[0]], mesh[EYE_CORNERS[1]])
    along = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-along[1], along[0]])
    level = mesh[:, :2] @ np.stack([along, across], axis=1)  # (M, 2), in axes along and across the eyes
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = (low + high) / 2 @ np.stack([along, across])
    return Roi(float(x), float(y), MARGIN * float((high - low).max()), turn)


def _turn(right: F32, left: F32) -> float:
    return math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
