"""How far do a swapped face's landmarks lie from where the target's are?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk import landmarks
from understudy_sdk.errors import InvalidValueError
from understudy_sdk.geometry import transform_points, umeyama
from understudy_sdk.types import F32, F64

__all__ = ["ExpressionError", "expression_error"]

_STILL: Final = (*range(landmarks.NOSE.start, landmarks.NOSE.stop), 36, 39, 42, 45)
"""The nose, and the corners of both eyes."""


@dataclass(frozen=True, slots=True)
class ExpressionError:
    """Mean distances between landmarks, in percent of the distance between the outer corners of the eyes.

    Attributes:
        all: Of all landmarks but the jaw's, which a swap keeps the target's.
        shape: The same, once nose and corners of the eyes, which no expression moves much, are moved, turned and scaled
            onto each other: what is left is expression.
        eyes: Of both eyes' landmarks, after that.
        mouth: Of the mouth's, after that.
    """

    all: float
    shape: float
    eyes: float
    mouth: float


def expression_error(found: F32, wanted: F32) -> ExpressionError:
    """Return how far landmarks lie from where they should.

    Args:
        found: float32 (68, 2), of the swapped face, in the crop's pixels.
        wanted: float32 (68, 2), of the target's face there.

    Raises:
        InvalidValueError: The wanted corners of the eyes, or all that was found, lie in one place.
    """
    given, should = found.astype(np.float64), wanted.astype(np.float64)
    unit = float(np.hypot(*(should[landmarks.LEFT_EYE][3] - should[landmarks.RIGHT_EYE][0])))
    if not unit > 0.0:
        raise InvalidValueError("landmarks of the target", "both eyes in one place", "a face")
    inner = slice(landmarks.JAW.stop, landmarks.COUNT)
    fitted = transform_points(umeyama(given[list(_STILL)], should[list(_STILL)]), given)
    eyes = np.r_[landmarks.RIGHT_EYE, landmarks.LEFT_EYE]
    return ExpressionError(
        all=_mean(given[inner], should[inner], unit),
        shape=_mean(fitted[inner], should[inner], unit),
        eyes=_mean(fitted[eyes], should[eyes], unit),
        mouth=_mean(fitted[landmarks.MOUTH], should[landmarks.MOUTH], unit),
    )


def _mean(one: F64, other: F64, unit: float) -> float:
    return 100.0 * float(np.hypot(*(one - other).T).mean()) / unit
