"""Which way does a face look?

DeepFaceLab's estimate: the pose in which a mean head, seen by a camera whose focal length is the crop's side, meets the
landmarks best (OpenCV's iterative solver). It starts from a head that stands before the camera, turned as the face is
in the picture; without a start it now and then ends up behind the camera.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from .types import F64

__all__ = ["pose"]

_SEEN: Final = (*range(27), *range(30, 36))
"""Landmarks that hardly move with the expression: jaw, brows and the nose's base."""

_HEAD: Final = np.array([
    (-73.394, -29.801, 47.668), (-72.775, -10.950, 45.909), (-70.534, 7.930, 44.843), (-66.850, 26.074, 43.141),
    (-59.790, 42.564, 38.635), (-48.369, 56.481, 30.751), (-34.121, 67.247, 18.456), (-17.875, 75.057, 3.609),
    (0.099, 77.061, -0.882), (17.477, 74.758, 5.181), (32.649, 66.929, 19.177), (46.372, 56.311, 30.771),
    (57.343, 42.419, 37.629), (64.388, 25.456, 40.886), (68.212, 6.991, 42.281), (70.486, -11.666, 44.143),
    (71.376, -30.365, 47.140), (-61.119, -49.362, 14.254), (-51.288, -58.770, 7.268), (-37.805, -61.996, 0.442),
    (-24.023, -61.033, -6.607), (-11.636, -56.687, -11.967), (12.057, -57.391, -12.051), (25.106, -61.902, -7.315),
    (38.339, -62.778, -1.023), (51.191, -59.302, 5.349), (60.054, -50.190, 11.616), (1.227, -8.415, -36.948),
    (-14.772, 2.598, -20.132), (-7.180, 4.752, -23.537), (0.556, 6.563, -25.944), (8.272, 4.661, -23.696),
    (15.214, 2.643, -20.858),
])  # fmt: skip
"""float64 (33, 3): these landmarks of the mean head, x to the right, y down, z away; in millimetres, roughly."""

_FLAT: Final = _HEAD[:, :2] - _HEAD[:, :2].mean(axis=0)


def pose(landmarks: npt.NDArray[np.floating[Any]], size: float) -> tuple[float, float, float]:
    """Return how a face is turned, in radians.

    Args:
        landmarks: float (68, 2), x y in px of a square picture that the face fills most of.
        size: Its side in px.

    Returns:
        Pitch, above 0 where the face looks up; yaw, above 0 where it looks to the picture's left; roll, above 0 where
        it leans clockwise. Pitch and yaw lie within a right angle, roll within two.
    """
    seen = np.ascontiguousarray(np.asarray(landmarks, np.float64)[list(_SEEN)])
    camera = np.array([(size, 0.0, size / 2), (0.0, size, size / 2), (0.0, 0.0, 1.0)])
    start = np.array([0.0, 0.0, _turn(seen)])[:, None], np.array([0.0, 0.0, float(size)])[:, None]
    _, turn, _ = cv2.solvePnP(_HEAD, seen, camera, None, *start, useExtrinsicGuess=True, flags=cv2.SOLVEPNP_ITERATIVE)
    rotation = cv2.Rodrigues(turn)[0]
    return _angles(np.asarray(rotation, np.float64))


def _turn(seen: F64) -> float:
    """Return by which turn in the picture, in radians, the flat mean head meets the landmarks best."""
    x, y = (seen - seen.mean(axis=0)).T
    return math.atan2(float(_FLAT[:, 0] @ y - _FLAT[:, 1] @ x), float(_FLAT[:, 0] @ x + _FLAT[:, 1] @ y))


def _angles(rotation: F64) -> tuple[float, float, float]:
    """Return pitch, yaw and roll of a rotation that is done about x, then y, then z."""
    upright = math.hypot(rotation[0, 0], rotation[1, 0])
    if upright < 1e-6:  # it looks along the picture: pitch and roll are the same turn
        pitch, roll = math.atan2(-rotation[1, 2], rotation[1, 1]), 0.0
    else:
        pitch, roll = math.atan2(rotation[2, 1], rotation[2, 2]), math.atan2(rotation[1, 0], rotation[0, 0])
    yaw = math.atan2(-rotation[2, 0], upright)
    return max(-math.pi / 2, min(math.pi / 2, -pitch)), yaw, roll
