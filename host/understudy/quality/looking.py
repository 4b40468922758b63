"""Where does an aligner see the landmarks of a face that was swapped within its crop?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from understudy_sdk import Aligner, Face, Frame, landmarks
from understudy_sdk.types import F32, U8

__all__ = ["Look", "looking_with"]

Look = Callable[[Sequence[F32], Sequence[F32]], list[F32 | None]]
"""From crops, float32 (S, S, 3) of 0 to 1, and about where their faces are, float32 (68, 2), to landmarks, float32
(68, 2) in the crops' pixels, or None where no face is seen."""

_LEAST_PX: Final = 256
"""Crops are enlarged to so many pixels: aligners are made for faces that are larger than small models draw them."""
_RIM: Final = 0.25
"""Share of the crop's side that is added around it, mirrored: aligners look a little beyond the face's box."""


def looking_with(aligner: Aligner) -> Look:
    """Return how an aligner looks at crops."""

    def look(crops: Sequence[F32], about: Sequence[F32]) -> list[F32 | None]:
        placed = [_place(crop, points) for crop, points in zip(crops, about, strict=True)]
        answers = aligner.align([frame for frame, _, _ in placed], [[face] for _, face, _ in placed])
        found = [answer[0].landmarks if answer else None for answer in answers]
        return [
            None if points is None else _back(points, len(crop), scale)
            for points, crop, (_, _, scale) in zip(found, crops, placed, strict=True)
        ]

    return look


def _place(crop: F32, about: F32) -> tuple[Frame, Face, float]:
    """Return a crop as a frame with a face in it, and how many of the frame's pixels one of the crop's has."""
    size = len(crop)
    side = max(size, _LEAST_PX)
    rgb: U8 = np.rint(np.clip(crop, 0.0, 1.0) * 255).astype(np.uint8)
    if side != size:
        rgb = np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    rim = round(side * _RIM)
    rgb = np.asarray(cv2.copyMakeBorder(rgb, rim, rim, rim, rim, cv2.BORDER_REFLECT_101), np.uint8)
    scale = side / size
    points = (about + 0.5) * scale - 0.5 + rim
    eyes = np.stack([points[landmarks.RIGHT_EYE].mean(axis=0), points[landmarks.LEFT_EYE].mean(axis=0)])
    box = np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
    return Frame(rgb, 0, Fraction(1)), Face(box, 1.0, eyes=eyes.astype(np.float32)), scale


def _back(points: F32, size: int, scale: float) -> F32:
    rim = round(size * scale * _RIM)
    return ((points - rim + 0.5) / scale - 0.5).astype(np.float32)
