"""Is what the mesh network saw a face, and the one that was there before?

The figures were measured on real clips, sharp and degraded, and on the patterns in them that a detector took for faces.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .landmarks68 import landmarks_of_mesh
from .roi import MARGIN, Roi, movement

F32 = npt.NDArray[np.float32]

SURE: Final = 0.99
"""Presence from which on a face needs no further evidence; sharp faces of 20 px and more reach 0.9997."""

_LARGEST_SHIFT: Final = 0.5
_LARGEST_GROWTH: Final = 0.4
"""From one frame to the next, of the square, over its side and as a logarithm; real heads stay below a tenth of it."""


class Look(NamedTuple):
    """What the network saw in one square.

    Attributes:
        roi: The square.
        mesh: float32 (M, 3), in the frame's px.
        logit: Of the presence.
        own_roi: The square that the mesh itself asks for.
    """

    roi: Roi
    mesh: F32
    logit: float
    own_roi: Roi

    @property
    def presence(self) -> float:
        """How sure the network is that there is a face, 0 to 1."""
        return 1 / (1 + math.exp(-max(-80.0, min(80.0, self.logit))))


def is_face(looks: list[Look], min_presence: float, max_wander: float) -> bool:
    """Tell whether every look was sure enough, and where one was in doubt, whether the landmarks stayed in place.

    Of a face, looks at about the same square see the same points; of a pattern that is none, they do not.

    Args:
        looks: At one face in one frame, in order.
        min_presence: What every look must have.
        max_wander: How far the landmarks may move from one look to the next, over the face's size.
    """
    if any(look.presence < min_presence for look in looks):
        return False
    if all(look.presence >= SURE for look in looks):
        return True
    return all(wander(first, second) <= max_wander for first, second in pairwise(looks))


def wander(first: Look, second: Look) -> float:
    """Return how far the 68 landmarks moved from one look to the next, root mean square, over the face's size."""
    moved = landmarks_of_mesh(second.mesh) - landmarks_of_mesh(first.mesh)
    return float(np.sqrt(np.square(moved).sum(axis=1).mean())) * MARGIN / second.own_roi.side


def is_next(before: Roi, after: Roi) -> bool:
    """Tell whether a square can be that of a mesh which had the other one in the neighbouring frame."""
    moved = movement(before, after)
    return moved.shift <= _LARGEST_SHIFT and abs(moved.growth) <= _LARGEST_GROWTH


def is_in_frame(mesh: F32, width: int, height: int) -> bool:
    """Tell whether at least half of the mesh lies in the frame."""
    x, y = mesh[:, 0], mesh[:, 1]
    return bool(np.mean((x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)) >= 0.5)
