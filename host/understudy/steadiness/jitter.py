"""How much do landmarks tremble along a track, and how far are its eyes open?

Trembling is measured by second differences: twice how far a point lies from the straight line between its neighbours
in time. At an even rate that is x(t-1) - 2 x(t) + x(t+1). At uneven times it is scaled so that independent noise gives
the same number: figures of noise compare across frame rates. Motion adds to them, and less at higher rates: as the
square of the time between frames. All are root mean squares of the vectors' lengths, in px.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk import FaceType
from understudy_sdk.geometry import frame_to_crop
from understudy_sdk.landmarks import COUNT, LEFT_EYE, RIGHT_EYE, TEMPLATE
from understudy_sdk.types import F32, F64

from .parts import placings_of, sides_of, squared_shifts, to_local

__all__ = ["Jitter", "eye_opening", "jitter_of", "second_differences"]

_WIDEST: Final = 3.0  # usual steps between frames that three of them may span; more means that some are missing
_STILLEST: Final = 0.25


def _unit_at_256() -> float:
    mean_face = np.zeros((COUNT, 2))
    mean_face[17:] = TEMPLATE
    return float(np.hypot(*frame_to_crop(mean_face, FaceType.FULL, 256)[:, 0]))


_UNIT_AT_256: Final = _unit_at_256()
"""Px of the mean face's unit side in a full-face crop of 256 px."""


@dataclass(frozen=True, slots=True)
class Jitter:
    """Trembling of one track, px root mean square of second differences.

    Attributes:
        within_px: Of the landmarks within the face, rigid motion (a similarity) removed; in the frame's px.
        whole_px: Of the face as a whole: of its steady points' shifts by that rigid motion; in the frame's px.
        within_256_px: Like ``within_px``, in the px of a full-face crop of 256 px.
        whole_256_px: Like ``whole_px``, in the same px: how much a crop trembles.
        still_256_px: Like ``within_256_px``, of the stillest quarter of the frames alone: noise more than expression.
    """

    within_px: float
    whole_px: float
    within_256_px: float
    whole_256_px: float
    still_256_px: float


def jitter_of(times_s: F64, landmarks: F32) -> Jitter | None:
    """Return how much a track's landmarks tremble; None where no three frames follow each other.

    Args:
        times_s: float64 (T,), ascending.
        landmarks: float32 (T, 68, 2), x y in px.
    """
    within, whole = second_differences(times_s, landmarks)
    if not np.isfinite(within).any():
        return None
    known = np.isfinite(within)
    within, whole, sides = within[known], whole[known], sides_of(placings_of(landmarks[1:-1][known]))
    within_256, whole_256 = within / sides * _UNIT_AT_256, whole / sides * _UNIT_AT_256
    quiet = np.sort(within_256)[: max(1, round(_STILLEST * len(within)))]
    return Jitter(*(float(np.sqrt((some**2).mean())) for some in (within, whole, within_256, whole_256, quiet)))


def second_differences(times_s: F64, landmarks: F32) -> tuple[F64, F64]:
    """Return each frame's trembling in px of the frame: within the face, and of the face as a whole.

    Args:
        times_s: float64 (T,), ascending.
        landmarks: float32 (T, 68, 2), x y in px.

    Returns:
        Two float64 (T - 2,), of the frames but the first and the last; NaN where a neighbour is missing.
    """
    if len(times_s) < 3:
        return np.empty(0), np.empty(0)
    steps = np.diff(times_s)
    share = (steps[:-1] / (times_s[2:] - times_s[:-2]))[:, None]  # where between its neighbours a frame lies, 0 to 1
    scale = np.sqrt(6.0 / (1.0 + share**2 + (1.0 - share) ** 2))  # 2 where it lies in the middle
    placings = placings_of(landmarks)
    local = to_local(placings, landmarks).reshape(len(times_s), -1)
    odd_placings, odd_local = (
        (values[1:-1] - (1.0 - share) * values[:-2] - share * values[2:]) * scale for values in (placings, local)
    )
    side = sides_of(placings[1:-1])
    within = side * np.sqrt((odd_local**2).sum(axis=1) / COUNT)
    whole = side * np.sqrt(2.0 * squared_shifts(odd_placings, placings[1:-1]))
    is_apart = times_s[2:] - times_s[:-2] > _WIDEST * np.median(steps)
    return np.where(is_apart, np.nan, within), np.where(is_apart, np.nan, whole)


def eye_opening(landmarks: F32) -> F64:
    """Return how far the eyes are open: the lids' distance over the eye's width; about 0.3 open, below 0.1 shut.

    T. Soukupová and J. Čech, "Real-Time Eye Blink Detection using Facial Landmarks", CVWW 2016, equation 1.

    Args:
        landmarks: float32 (T, 68, 2).

    Returns:
        float64 (T, 2): of the subject's right and left eye.
    """
    openings = [_opening(np.asarray(landmarks[:, eye], np.float64)) for eye in (RIGHT_EYE, LEFT_EYE)]
    return np.stack(openings, axis=1)


def _opening(eye: F64) -> F64:
    """Return float64 (T,), of one eye's points (T, 6, 2)."""
    upper, lower = eye[:, 1:3], eye[:, [5, 4]]
    lids = np.sqrt(((upper - lower) ** 2).sum(axis=-1)).mean(axis=1)
    width = np.sqrt(((eye[:, 0] - eye[:, 3]) ** 2).sum(axis=-1))
    return np.asarray(lids / np.maximum(width, np.finfo(np.float32).tiny), np.float64)
