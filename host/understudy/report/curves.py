"""How does a track go over time: trembling, eyes, sharpness, certainty, size?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.faceset import FaceRow, Origin
from understudy.steadiness import eye_opening, second_differences
from understudy_sdk.types import F64

__all__ = ["TrackCurves", "curves_of"]


@dataclass(frozen=True, slots=True, eq=False)
class TrackCurves:
    """One value for each of a track's T faces, in the order of time; NaN where there is none.

    Attributes:
        frames: int64 (T,), positions in the clip.
        times_s: float64 (T,), from the clip's start.
        within_found_px: float64 (T,), trembling within the face as found, in px of the frame.
        within_steadied_px: The same, as stored.
        whole_found_px: Trembling of the face as a whole, as found.
        whole_steadied_px: The same, as stored.
        eyes_found: How far both eyes are open on average, as found.
        eyes_steadied: The same, as stored.
        sharpness: Variance of the Laplacian.
        score: The finder's certainty, or the aligner's where it followed the face.
        size_px: Square root of the box's area.
        yaw_deg: Above 0 the face looks to the picture's left.
        pitch_deg: Above 0 it looks up.
        is_filled: bool (T,), whether nobody looked there.
        is_followed: bool (T,), whether the aligner carried the face on from a neighbouring frame.
    """

    frames: npt.NDArray[np.int64]
    times_s: F64
    within_found_px: F64
    within_steadied_px: F64
    whole_found_px: F64
    whole_steadied_px: F64
    eyes_found: F64
    eyes_steadied: F64
    sharpness: F64
    score: F64
    size_px: F64
    yaw_deg: F64
    pitch_deg: F64
    is_filled: npt.NDArray[np.bool_]
    is_followed: npt.NDArray[np.bool_]

    def gaps(self) -> list[tuple[float, float]]:
        """Return the times between which the track has no face."""
        places = np.flatnonzero(np.diff(self.frames) > 1)
        return [(float(self.times_s[place]), float(self.times_s[place + 1])) for place in places]


def curves_of(rows: Sequence[FaceRow], start_s: float) -> TrackCurves:
    """Return the curves of a track.

    Args:
        rows: Its faces, at least one.
        start_s: Presentation time of the clip's first frame.
    """
    rows = list({row.frame: row for row in sorted(rows, key=lambda row: row.frame)}.values())  # one per frame
    times = np.array([float(row.pts * row.time_base) - start_s for row in rows])
    is_filled = np.array([row.origin is Origin.FILLED for row in rows])
    found, steadied = np.stack([row.found_landmarks for row in rows]), np.stack([row.landmarks for row in rows])
    within_found, whole_found = _trembling(times, found, ~is_filled)
    within_steadied, whole_steadied = _trembling(times, steadied, ~is_filled)
    return TrackCurves(
        frames=np.array([row.frame for row in rows], np.int64),
        times_s=times,
        within_found_px=within_found,
        within_steadied_px=within_steadied,
        whole_found_px=whole_found,
        whole_steadied_px=whole_steadied,
        eyes_found=np.where(is_filled, np.nan, eye_opening(found).mean(axis=1)),
        eyes_steadied=eye_opening(steadied).mean(axis=1),
        sharpness=np.array([row.look.sharpness for row in rows]),
        score=np.where(is_filled, np.nan, [row.face.score for row in rows]),
        size_px=np.array([row.area**0.5 for row in rows]),
        yaw_deg=np.array([row.look.yaw_deg for row in rows]),
        pitch_deg=np.array([row.look.pitch_deg for row in rows]),
        is_filled=is_filled,
        is_followed=np.array([row.origin is Origin.FOLLOWED for row in rows]),
    )


def _trembling(times_s: F64, landmarks: npt.NDArray[np.float32], is_seen: npt.NDArray[np.bool_]) -> tuple[F64, F64]:
    """Return the trembling within the face and of the whole, float64 (T,) both; NaN where it is not measured."""
    values = np.full((2, len(times_s)), np.nan)
    values[:, np.flatnonzero(is_seen)[1:-1]] = second_differences(times_s[is_seen], landmarks[is_seen])
    return values[0], values[1]
