"""Which square of the frame does the mesh network look at?"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from understudy_sdk import Face

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

MESH_POINTS: Final = 468
"""Points of the network's mesh."""

EYE_CORNERS: Final = (33, 263)
"""Mesh points at the outer corners of the subject's right and left eye; landmarks 36 and 45."""

MARGIN: Final = 1.5
"""The square's side over the long side of the face's box; what the network was trained with."""

_FOREHEAD: Final = 0.24
"""How far the mesh reaches above the landmarks, over their height; the mean of real faces, which differ by 0.02."""


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


class Movement(NamedTuple):
    """How one square lies against another.

    Attributes:
        shift: Distance of the centres, over the first one's side.
        turn: -pi to pi, clockwise.
        growth: Natural logarithm of the sides' ratio.
    """

    shift: float
    turn: float
    growth: float

    def of_corners(self) -> float:
        """Return by how much the corners moved, root mean square, over the side."""
        return math.sqrt(self.shift**2 + (self.turn**2 + self.growth**2) / 2)


def roi_of_face(face: Face) -> Roi:
    """Return the square around a face by the best that is known of it: its mesh, else its landmarks, else its box."""
    if face.mesh is not None and len(face.mesh) == MESH_POINTS:
        return roi_of_mesh(face.mesh)
    if face.landmarks is not None:
        return roi_of_landmarks(face.landmarks)
    return roi_of_box(face.box, face.eyes)


def roi_of_box(box: F32, eyes: F32 | None) -> Roi:
    """Return the square around a detector's box, turned so that the eyes are level where they are known."""
    x0, y0, x1, y1 = (float(value) for value in box)
    turn = 0.0 if eyes is None else _turn(eyes[0], eyes[1])
    return Roi((x0 + x1) / 2, (y0 + y1) / 2, MARGIN * max(x1 - x0, y1 - y0), turn)


def roi_of_mesh(mesh: F32) -> Roi:
    """Return the square around a mesh (M, 3) in the frame's px: its box along the line of the eyes."""
    return _around(mesh[:, :2], _turn(mesh[EYE_CORNERS[0]], mesh[EYE_CORNERS[1]]), 0.0)


def roi_of_landmarks(landmarks: F32) -> Roi:
    """Return about the square that the mesh of the same face has, for landmarks (68, 2)."""
    return _around(landmarks, _turn(landmarks[36], landmarks[45]), _FOREHEAD)


def movement(before: Roi, after: Roi) -> Movement:
    """Return how a square moved."""
    shift = math.hypot(after.x - before.x, after.y - before.y) / before.side
    return Movement(shift, math.remainder(after.turn - before.turn, math.tau), math.log(after.side / before.side))


def carried_box(box: F32, before: Roi, after: Roi) -> F32:
    """Return a box (4,) that lies in the second square as the given one does in the first, its sides upright."""
    factor, turn = after.side / before.side, after.turn - before.turn
    cos, sin = factor * math.cos(turn), factor * math.sin(turn)
    x, y = float(box[0] + box[2]) / 2 - before.x, float(box[1] + box[3]) / 2 - before.y
    centre = np.array([after.x + cos * x - sin * y, after.y + sin * x + cos * y])
    half = factor * (box[2:] - box[:2]).astype(np.float64) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def _around(points: F32, turn: float, above: float) -> Roi:
    """Return the square around points (N, 2), turned; their box reaches ``above`` times its height further up."""
    along = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-along[1], along[0]])
    level = points @ np.stack([along, across], axis=1)  # (N, 2), in axes along and across the eyes
    low, high = level.min(axis=0), level.max(axis=0)
    low[1] -= above * (high[1] - low[1])
    x, y = (low + high) / 2 @ np.stack([along, across])
    return Roi(float(x), float(y), MARGIN * float((high - low).max()), turn)


def _turn(right: F32, left: F32) -> float:
    return math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
