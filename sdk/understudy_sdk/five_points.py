"""Where do a face's five points lie, and how is it set upright by them as networks were trained to see it?"""

from __future__ import annotations

from typing import Final

import numpy as np

from . import landmarks as marks
from .geometry import umeyama
from .types import F32, F64

__all__ = ["FFHQ", "five_points", "upright"]

FFHQ: Final = np.array([
    (0.3769, 0.4686), (0.6229, 0.4691), (0.5012, 0.6133), (0.3931, 0.7254), (0.6115, 0.7249),
])  # fmt: skip
"""Right eye, left eye, tip of the nose and corners of the mouth in pictures of the FFHQ faces, in sides of the square.

T. Karras, S. Laine, T. Aila, "A Style-Based Generator Architecture for GANs", CVPR 2019; the numbers are those with
which face restorers trained on these pictures are used.
"""


def five_points(landmarks: F32) -> F64:
    """Return the middles of the subject's right and left eye, the tip of the nose and the mouth's corners, (5, 2)."""
    points = landmarks.astype(np.float64)
    eyes = points[marks.RIGHT_EYE].mean(axis=0), points[marks.LEFT_EYE].mean(axis=0)
    return np.stack([*eyes, points[30], points[48], points[54]])


def upright(landmarks: F32, template: F64) -> F64:
    """Return the similarity that brings a face's five points nearest to a template's, float64 (2, 3).

    Args:
        landmarks: float32 (68, 2), x y in px.
        template: (5, 2), where the points should be, in the px that the similarity leads to.
    """
    return umeyama(five_points(landmarks), template)
