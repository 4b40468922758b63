"""Which faces of successive frames are one face over time?

A track is carried on to the face that lies nearest to where its motion leads, if it is near and alike in size; all
tracks and faces of a frame are matched at once, so that the sum of distances is least. Distances are measured in face
sizes and motion in seconds, so neither resolution nor frame rate matters. After A. Bewley et al., "Simple Online and
Realtime Tracking", ICIP 2016, with a damped constant velocity instead of its Kalman filter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from understudy.faceset import NO_TRACK

__all__ = ["Joining", "Spotted", "join_tracks", "weak_tracks"]

Box = tuple[float, float, float, float]

_STEADY_S: Final = 0.1  # over which velocities are averaged: boxes of neighbouring frames tremble
_STOPPING_S: Final = 0.3  # in which a face that is out of sight is expected to come to rest
_REACH: Final = (0.6, 4.0, 1.4)  # face sizes from where it is expected: at once, more per second, at most
_GROWTH: Final = (0.35, 1.0, 0.7)  # the same for the logarithm of the size's ratio
_SAME_FACE_IOU: Final = 0.5
_WITHIN: Final = 0.85  # of the smaller box's area


@dataclass(frozen=True, slots=True)
class Spotted:
    """A face in one frame of a clip.

    Attributes:
        frame: Position of the frame in the clip.
        number: 0 for the frame's first face.
        box: x0 y0 x1 y1 in px; of one kind for all faces of a clip, such as the extent of the landmarks.
        time_s: When the frame is shown.
        score: 0 to 1, the finder's certainty.
    """

    frame: int
    number: int
    box: Box
    time_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Joining:
    """What ``join_tracks`` found.

    Attributes:
        tracks: For each face given, in the order given: the number of its track, or NO_TRACK for a duplicate.
        duplicates: Places, in the order given, of the faces that are a second box on another face of their frame.
    """

    tracks: tuple[int, ...]
    duplicates: tuple[int, ...]


def join_tracks(spotted: Sequence[Spotted], cuts: Sequence[int] = (), *, max_gap_s: float = 0.5) -> Joining:
    """Join the faces of a clip into tracks, numbered from 0 in the order of their first appearance.

    No track holds two faces of one frame or goes on across a cut. The answer depends on the faces alone, not on their
    order.

    Args:
        spotted: The faces of one clip.
        cuts: Positions of the frames that begin a new shot.
        max_gap_s: A face that is out of sight for longer begins a new track.
    """
    tracks, live, count = [NO_TRACK] * len(spotted), list[_Track](), 0
    coming = iter([*sorted(cuts), math.inf])
    next_cut = next(coming)
    order = sorted(range(len(spotted)), key=lambda place: (spotted[place].frame, spotted[place].number))
    for frame, group in groupby(order, key=lambda place: spotted[place].frame):
        places = list(group)
        if frame >= next_cut:
            live = []
            next_cut = next(cut for cut in coming if cut > frame)
        time_s = spotted[places[0]].time_s
        live = [track for track in live if time_s - track.time_s <= max_gap_s]
        faces = [_Seen.of(spotted[place]) for place in places]
        matched = _match(live, faces, time_s)
        for index in _without_duplicates(faces, matched):
            if index not in matched:
                matched[index] = _Track(count)
                live.append(matched[index])
                count += 1
            matched[index].see(faces[index], time_s)
            tracks[places[index]] = matched[index].number
    return Joining(tuple(tracks), tuple(place for place, track in enumerate(tracks) if track == NO_TRACK))


def weak_tracks(
    spotted: Sequence[Spotted],
    tracks: Sequence[int],
    times_s: Sequence[float],
    cuts: Sequence[int] = (),
    *,
    min_track_s: float = 0.3,
    sure_score: float = 0.7,
) -> set[int]:
    """Return the tracks that are more likely a pattern in the background than a face.

    Those that were seen for a shorter time than ``min_track_s`` in all, in less than half of their shot, and with a
    mean score below ``sure_score``. So a single picture, or a shot of a few frames, loses no face.

    Args:
        spotted: The faces of one clip.
        tracks: The number of each face's track; NO_TRACK is passed over.
        times_s: When each frame of the clip is shown.
        cuts: Positions of the frames that begin a new shot.
        min_track_s: Tracks seen for longer are always kept.
        sure_score: Tracks with a higher mean score are always kept.
    """
    times = np.asarray(times_s, np.float64)
    shown_s = np.diff(times, append=2 * times[-1] - times[-2] if len(times) > 1 else times + 1)
    starts = np.array(sorted({0, *cuts}))
    shots_s = np.add.reduceat(shown_s, starts)
    members = defaultdict[int, list[Spotted]](list)
    for face, track in zip(spotted, tracks, strict=True):
        members[track].append(face)
    members.pop(NO_TRACK, None)
    weak = set[int]()
    for track, faces in members.items():
        seen_s = float(shown_s[[face.frame for face in faces]].sum())
        shot_s = float(shots_s[np.searchsorted(starts, faces[0].frame, side="right") - 1])
        score = sum(face.score for face in faces) / len(faces)
        if seen_s < min(min_track_s, shot_s / 2) and score < sure_score:
            weak.add(track)
    return weak


@dataclass(frozen=True, slots=True)
class _Seen:
    """A face as a place and a size."""

    x: float
    y: float
    size: float
    box: Box
    score: float

    @classmethod
    def of(cls, face: Spotted) -> _Seen:
        x0, y0, x1, y1 = face.box
        return cls((x0 + x1) / 2, (y0 + y1) / 2, math.sqrt((x1 - x0) * (y1 - y0)), face.box, face.score)


class _Track:
    """A face over time, as far as it is known."""

    __slots__ = ("last", "number", "time_s", "velocity_x", "velocity_y")

    def __init__(self, number: int) -> None:
        self.number = number
        self.last: _Seen | None = None
        self.time_s = 0.0
        self.velocity_x = self.velocity_y = 0.0  # px/s

    def see(self, face: _Seen, time_s: float) -> None:
        """Carry the track on to a face."""
        if self.last is not None and time_s > self.time_s:
            passed_s = time_s - self.time_s
            share = 1 - math.exp(-passed_s / _STEADY_S)
            self.velocity_x += share * ((face.x - self.last.x) / passed_s - self.velocity_x)
            self.velocity_y += share * ((face.y - self.last.y) / passed_s - self.velocity_y)
        self.last, self.time_s = face, time_s

    def distance(self, face: _Seen, time_s: float) -> float | None:
        """Return how far a face lies from where this one is expected, in face sizes; None where it cannot be it."""
        assert self.last is not None
        passed_s = time_s - self.time_s
        size = math.sqrt(self.last.size * face.size)
        grown = abs(math.log(face.size / self.last.size))
        moving_s = _STOPPING_S * (1 - math.exp(-passed_s / _STOPPING_S))
        away_x, away_y = face.x - self.last.x, face.y - self.last.y
        still = math.hypot(away_x, away_y) / size
        expected = math.hypot(away_x - self.velocity_x * moving_s, away_y - self.velocity_y * moving_s) / size
        if grown > _limit(_GROWTH, passed_s) or min(still, expected) > _limit(_REACH, passed_s):
            return None
        return expected + grown


def _limit(limits: tuple[float, float, float], passed_s: float) -> float:
    at_once, per_second, at_most = limits
    return min(at_once + per_second * passed_s, at_most)


def _match(live: Sequence[_Track], faces: Sequence[_Seen], time_s: float) -> dict[int, _Track]:
    """Return which track each face carries on, by the face's index; faces of none are left out."""
    distances = {
        (row, column): distance
        for row, track in enumerate(live)
        for column, face in enumerate(faces)
        if (distance := track.distance(face, time_s)) is not None
    }
    rows, columns = {row for row, _ in distances}, {column for _, column in distances}
    if len(rows) == len(columns) == len(distances):  # nothing to choose; most frames
        return {column: live[row] for row, column in distances}
    # Pairs that cannot be cost so much that as many possible ones as can be are taken before any of them.
    costs = np.full((len(live), len(faces)), 1e6)
    for pair, distance in distances.items():
        costs[pair] = distance
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return {int(column): live[row] for row, column in pairs if (row, column) in distances}


def _without_duplicates(faces: Sequence[_Seen], matched: dict[int, _Track]) -> Iterator[int]:
    """Yield the indices of a frame's faces, in order, without second boxes on one face.

    A face that carries a track on is none, so that two people who pass each other stay two.
    """
    if len(faces) == 1:
        yield 0
        return
    by_trust = sorted(range(len(faces)), key=lambda index: (index not in matched, -faces[index].score, index))
    kept = list[int]()
    for index in by_trust:
        if index in matched or not any(_is_same_face(faces[index].box, faces[other].box) for other in kept):
            kept.append(index)
    yield from sorted(kept)


def _is_same_face(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return False
    shared, areas = width * height, sorted((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared >= _SAME_FACE_IOU * (sum(areas) - shared) or shared >= _WITHIN * areas[0]
