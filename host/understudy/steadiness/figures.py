"""What do the rows of a faceset say about each track: how steady, how complete, how sharp, how large?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from understudy.boxes import overlap
from understudy.faceset import NO_TRACK, ClipRow, FaceRow, Origin
from understudy_sdk.types import F32, F64

from .jitter import Jitter, jitter_of

__all__ = ["PITCH_EDGES_DEG", "YAW_EDGES_DEG", "Range", "TrackFigures", "clip_figures", "track_figures"]

YAW_EDGES_DEG: Final = (-90, -75, -60, -45, -30, -15, 15, 30, 45, 60, 75, 90)
"""Edges of the pose histogram's columns."""

PITCH_EDGES_DEG: Final = (-90, -45, -30, -15, 15, 30, 45, 90)
"""Edges of its rows, from faces that look down to faces that look up."""

_SAME_PLACE: Final = 0.5  # intersection over union of two boxes from which on they hold one face twice


@dataclass(frozen=True, slots=True)
class Range:
    """How a number is spread over a track.

    Attributes:
        low: The value that a tenth of the faces stay below.
        median: The middle value.
        high: The value that a tenth of the faces exceed.
    """

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """Figures of one track.

    Attributes:
        track: Its number.
        fingerprint: Of its clip.
        clip_name: File name of its clip.
        person: Who it is taken for, or empty.
        first: Position of its first frame in the clip.
        last: Position of its last frame.
        first_s: Presentation time of its first face in seconds.
        last_s: Presentation time of its last face in seconds.
        faces: How many it has.
        origins: How many came to be known in each way, by the names of ``Origin``.
        missing: Frames of the clip between the first and the last in which it has no face.
        double: Frames in which one of the clip's other faces lies in the same place.
        found: Trembling as found; filled faces left out; None where no three frames follow each other.
        steadied: Trembling as stored, of the same frames.
        poses: Faces by pitch (rows, PITCH_EDGES_DEG) and yaw (columns, YAW_EDGES_DEG).
        yaw_deg: Spread of yaw.
        pitch_deg: Spread of pitch.
        sharpness: Spread of the variance of the Laplacian at 256 px.
        brightness: Spread of the mean grey.
        size_px: Spread of the square root of the box's area.
        score: Spread of the finder's certainty; filled faces left out.
    """

    track: int
    fingerprint: str
    clip_name: str
    person: str
    first: int
    last: int
    first_s: float
    last_s: float
    faces: int
    origins: dict[str, int]
    missing: int
    double: int
    found: Jitter | None
    steadied: Jitter | None
    poses: tuple[tuple[int, ...], ...]
    yaw_deg: Range
    pitch_deg: Range
    sharpness: Range
    brightness: Range
    size_px: Range
    score: Range | None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain lists, texts and numbers."""
        return asdict(self)


def clip_figures(rows: Iterable[FaceRow], clip: ClipRow) -> list[TrackFigures]:
    """Return the figures of each track among one clip's rows, by track number; faces without a track count for none."""
    rows = [row for row in rows if row.fingerprint == clip.fingerprint]
    tracks: dict[int, list[FaceRow]] = {}
    for row in rows:
        if row.track != NO_TRACK:
            tracks.setdefault(row.track, []).append(row)
    return [track_figures(own, clip, rows) for _, own in sorted(tracks.items())]


def track_figures(rows: Sequence[FaceRow], clip: ClipRow, others: Iterable[FaceRow] = ()) -> TrackFigures:
    """Return the figures of one track.

    Args:
        rows: The track's faces, at least one.
        clip: Their clip.
        others: The clip's faces, to find doubles among; the track's own may be there too.
    """
    rows = list({row.frame: row for row in sorted(rows, key=lambda row: row.frame)}.values())  # one per frame
    seen = [row for row in rows if row.origin is not Origin.FILLED]
    times = np.array([float(row.pts * row.time_base) for row in seen])
    origins = {str(origin): sum(row.origin is origin for row in rows) for origin in Origin}
    return TrackFigures(
        track=rows[0].track,
        fingerprint=clip.fingerprint,
        clip_name=clip.name,
        person=rows[0].person,
        first=rows[0].frame,
        last=rows[-1].frame,
        first_s=float(rows[0].pts * rows[0].time_base),
        last_s=float(rows[-1].pts * rows[-1].time_base),
        faces=len(rows),
        origins=origins,
        missing=rows[-1].frame - rows[0].frame + 1 - len(rows),
        double=_doubles(rows, others),
        found=_jitter(times, [row.found_landmarks for row in seen]),
        steadied=_jitter(times, [row.landmarks for row in seen]),
        poses=_poses(rows),
        yaw_deg=_range([row.look.yaw_deg for row in rows]),
        pitch_deg=_range([row.look.pitch_deg for row in rows]),
        sharpness=_range([row.look.sharpness for row in rows]),
        brightness=_range([row.look.brightness for row in rows]),
        size_px=_range([row.area**0.5 for row in rows]),
        score=_range([row.face.score for row in seen]) if seen else None,
    )


def _jitter(times_s: F64, landmarks: Sequence[F32]) -> Jitter | None:
    return jitter_of(times_s, np.stack(landmarks)) if len(landmarks) else None


def _range(values: Sequence[float]) -> Range:
    return Range(*(float(value) for value in np.quantile(values, (0.1, 0.5, 0.9))))


def _poses(rows: Sequence[FaceRow]) -> tuple[tuple[int, ...], ...]:
    pitches = np.clip([row.look.pitch_deg for row in rows], PITCH_EDGES_DEG[0], PITCH_EDGES_DEG[-1])
    yaws = np.clip([row.look.yaw_deg for row in rows], YAW_EDGES_DEG[0], YAW_EDGES_DEG[-1])
    counts, *_ = np.histogram2d(pitches, yaws, (PITCH_EDGES_DEG, YAW_EDGES_DEG))
    return tuple(tuple(int(count) for count in row) for row in counts)


def _doubles(rows: Sequence[FaceRow], others: Iterable[FaceRow]) -> int:
    """Return in how many of the rows' frames another face lies in the same place."""
    by_frame: dict[int, list[FaceRow]] = {}
    for other in others:
        by_frame.setdefault(other.frame, []).append(other)
    return sum(
        any(
            other.name != row.name and overlap(row.face.box, other.face.box) >= _SAME_PLACE
            for other in by_frame.get(row.frame, ())
        )
        for row in rows
    )
