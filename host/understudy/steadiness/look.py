"""Which way does a crop's face look, how sharp is it and how bright?"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faceset import Look
from understudy_sdk.pose import pose
from understudy_sdk.types import F32, F64, U8

__all__ = ["look_of"]

_SIZE: Final = 256  # sharpness depends on the size it is measured at


def look_of(rgb: U8, mask: npt.NDArray[Any], landmarks: F32, frame_to_crop: F64) -> Look:
    """Return what a crop shows, in numbers.

    Args:
        rgb: uint8 (S, S, 3), the crop.
        mask: (M, M), where the face is, over the same square: uint8, 0 or up to 255, or float, 0 to 1.
        landmarks: float32 (68, 2), in the crop's px.
        frame_to_crop: float64 (2, 3); its turn is taken off the roll, which is the face's in the frame.
    """
    pitch, yaw, roll = pose(landmarks, rgb.shape[0])
    roll -= math.atan2(frame_to_crop[1, 0], frame_to_crop[0, 0])
    sharpness, brightness = _light(rgb, mask)
    return Look(
        pitch_deg=math.degrees(pitch),
        yaw_deg=math.degrees(yaw),
        roll_deg=math.degrees(math.remainder(roll, math.tau)),
        sharpness=sharpness,
        brightness=brightness,
    )


def _light(rgb: U8, mask: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the variance of the Laplacian and the mean grey under the mask; of the whole crop where it is empty."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if grey.shape[0] != _SIZE:
        shrinks = grey.shape[0] > _SIZE
        grey = cv2.resize(grey, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    half = 127 if mask.dtype == np.uint8 else 0.5
    inside = cv2.resize((mask > half).astype(np.uint8), (_SIZE, _SIZE), interpolation=cv2.INTER_NEAREST)
    if not inside.any():
        inside[:] = 1
    # The mean of squares less the square of the mean, by OpenCV, which takes a mask.
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F), mask=inside)
    return float(deviation[0, 0]) ** 2, float(cv2.mean(grey, mask=inside)[0])
