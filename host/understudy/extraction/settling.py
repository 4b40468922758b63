"""Which faces has a clip in the end: found or put in by hand, joined into tracks, gaps filled, steadied?

Only boxes and the frames' signatures are read for the whole clip; landmarks and meshes are read for a stretch of frames
and its surroundings, as far as steadying and filling look. So memory stays small, and a stretch gives the same faces
whatever else was asked for.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.corrections import HandFace
from understudy.faceset import NO_TRACK, Origin
from understudy.project import ChosenExtract
from understudy.steadiness import REACH_S, SUPPORT_S, Noise, fill_gaps, noise_of, parts_of_mesh, steadying_plan
from understudy.tracking import Spotted, join_tracks, weak_tracks
from understudy.video import ClipInfo
from understudy_sdk import Face
from understudy_sdk.types import F32, F64

from .findings import Findings, extent_of
from .shots import shot_starts

__all__ = ["SettledClip", "SettledFace"]

_NOISE_FACES: Final = 256
"""Faces of a track from whose first ones its noise is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class SettledFace:
    """A face as it is cut.

    Attributes:
        frame: Position in the clip.
        pts: Presentation time.
        number: 0 for the frame's first face.
        face: Box, score, steadied landmarks and mesh, in frame pixels.
        found_landmarks: float32 (68, 2), as they were before.
        origin: How it came to be known.
        track: Its track's number.
    """

    frame: int
    pts: int
    number: int
    face: Face
    found_landmarks: F32
    origin: Origin
    track: int


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A face of a track, before it is steadied; ``is_fixed`` landmarks were placed by hand and stay."""

    frame: int
    number: int
    face: Face
    origin: Origin
    is_fixed: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Nature:
    """What holds for a whole track: how much it trembles, and to which part of the face each mesh point belongs."""

    noise: Noise
    mesh_parts: npt.NDArray[np.intp] | None


class SettledClip:
    """A clip's faces over time."""

    def __init__(
        self,
        findings: Findings,
        clip: int,
        info: ClipInfo,
        choice: ChosenExtract,
        hand: Mapping[int, Sequence[tuple[HandFace, Face]]],
        first_track: int = 0,
    ) -> None:
        """Join a clip's faces into tracks.

        Args:
            findings: What was found; all of the clip.
            clip: The clip's number there.
            info: The clip.
            choice: How strongly to steady, and which gaps to fill.
            hand: The corrected frames, their faces with landmarks placed.
            first_track: Number of the clip's first track.
        """
        if info.breaks is not None:  # single pictures: nothing says how much time lies between them
            choice = replace(choice, steadiness=0.0, fill_gaps_s=0.0)
        self._findings, self._clip, self._choice, self._hand = findings, clip, choice, hand
        self.pts = findings.times(clip)
        start = min(self.pts.values(), default=0)
        self._frames = list(self.pts)
        self._times = [float((pts - start) * info.time_base) for pts in self.pts.values()]
        self._time_of = dict(zip(self._frames, self._times, strict=True))
        self._place = {frame: place for place, frame in enumerate(self._frames)}
        spotted = self._spotted()
        cuts = shot_starts(findings, clip, info, self._times)
        tracks = join_tracks(spotted, cuts).tracks
        weak = weak_tracks(spotted, tracks, self._times, cuts) - {
            track for one, track in zip(spotted, tracks, strict=True) if self._frames[one.frame] in hand
        }
        numbers: dict[int, int] = {}
        self._track: dict[tuple[int, int], int] = {}
        for one, track in zip(spotted, tracks, strict=True):
            if track != NO_TRACK and track not in weak:
                number = numbers.setdefault(track, first_track + len(numbers))
                self._track[self._frames[one.frame], one.number] = number
        self._spans: dict[int, tuple[int, int]] = {}
        for (frame, _), track in self._track.items():
            begin, end = self._spans.get(track, (frame, frame))
            self._spans[track] = min(begin, frame), max(end, frame)
        self.next_track = first_track + len(numbers)
        self.dropped = sum(track in weak for track in tracks)
        self.cuts = [self._frames[cut] for cut in cuts]
        self._natures = self._measured() if choice.steadiness else {}

    def faces(self, first: int, stop: int) -> list[SettledFace]:
        """Return the faces of a span of frames, by frame, the best score of each first."""
        low, high = self._around(first, stop)
        tracks: dict[int, list[_Member]] = {}
        for member in self._members(low, high):
            track = self._track.get((member.frame, member.number))
            if track is not None:
                tracks.setdefault(track, []).append(member)
        settled = [
            one
            for track, members in sorted(tracks.items())
            for one in self._settle(track, members)
            if first <= one.frame < stop
        ]
        by_frame: dict[int, list[SettledFace]] = {}
        for one in settled:
            by_frame.setdefault(one.frame, []).append(one)
        return [
            replace(one, number=number)
            for frame in sorted(by_frame)
            for number, one in enumerate(sorted(by_frame[frame], key=lambda one: -one.face.score))
        ]

    def may_have_faces(self, first: int, stop: int) -> bool:
        """Tell whether some track runs through a span of frames; a cheap question."""
        return any(begin < stop and end >= first for begin, end in self._spans.values())

    def _spotted(self) -> list[Spotted]:
        found = [
            self._spot(frame, number, score, extent)
            for frame, number, score, *extent in self._findings.extents(self._clip)
            if frame not in self._hand
        ]
        found += [
            self._spot(frame, number, face.score, extent_of(face))
            for frame, faces in self._hand.items()
            if frame in self._place
            for number, (_, face) in enumerate(faces)
        ]
        return sorted(found, key=lambda one: (one.frame, one.number))

    def _spot(self, frame: int, number: int, score: float, extent: Sequence[float]) -> Spotted:
        place = self._place[frame]
        left, top, right, bottom = extent
        return Spotted(place, number, (left, top, right, bottom), self._times[place], score)

    def _around(self, first: int, stop: int) -> tuple[int, int]:
        """Return the span of frames that the faces of another depend on."""
        margin = REACH_S + 2 * self._choice.fill_gaps_s + SUPPORT_S
        inside = [self._time_of[frame] for frame in range(first, stop) if frame in self._time_of]
        if not inside:
            return first, stop
        low = bisect_left(self._times, min(inside) - margin)
        high = bisect_right(self._times, max(inside) + margin)
        return self._frames[low], self._frames[high - 1] + 1

    def _members(self, first: int, stop: int) -> Iterator[_Member]:
        for frame, number, seen in self._findings.faces(self._clip, first, stop):
            if frame not in self._hand:
                yield _Member(frame, number, seen.face, seen.origin, is_fixed=False)
        for frame, faces in self._hand.items():
            if first <= frame < stop:
                for number, (hand, face) in enumerate(faces):
                    by_hand = hand.by == "hand"
                    origin = Origin.HAND if by_hand else Origin.FOUND
                    yield _Member(frame, number, face, origin, is_fixed=by_hand and hand.landmarks is not None)

    def _measured(self) -> dict[int, _Nature]:
        """Measure how much each track's landmarks tremble, from its first faces."""
        frames: dict[int, list[int]] = {}
        for (frame, _), track in self._track.items():
            frames.setdefault(track, []).append(frame)
        natures = dict[int, _Nature]()
        for track, own in frames.items():
            own.sort()
            span = own[0], own[:_NOISE_FACES][-1] + 1
            members = [one for one in self._members(*span) if self._track.get((one.frame, one.number)) == track]
            members.sort(key=lambda one: one.frame)
            landmarks, meshes = _landmarks(members), _meshes(members)
            parts = None if meshes is None else parts_of_mesh(landmarks, meshes)
            natures[track] = _Nature(noise_of(self._times_of(members), landmarks), parts)
        return natures

    def _times_of(self, members: Sequence[_Member]) -> F64:
        return np.array([self._time_of[one.frame] for one in members])

    def _settle(self, track: int, members: list[_Member]) -> list[SettledFace]:
        members = self._filled(sorted(members, key=lambda one: one.frame))
        found = _landmarks(members)
        landmarks, meshes = found, _meshes(members)
        if self._choice.steadiness:
            nature = self._natures[track]
            plan = steadying_plan(self._times_of(members), found, nature.noise, self._choice.steadiness)
            landmarks = plan.apply(found)
            if meshes is not None and nature.mesh_parts is not None:
                meshes = plan.apply(meshes, nature.mesh_parts)
        return [
            SettledFace(
                one.frame,
                self.pts[one.frame],
                one.number,
                one.face if one.is_fixed else replace(one.face, landmarks=landmarks[place], mesh=_at(meshes, place)),
                found[place],
                one.origin,
                track,
            )
            for place, one in enumerate(members)
        ]

    def _filled(self, members: list[_Member]) -> list[_Member]:
        """Return a track's faces and those of the gaps between them that are short enough."""
        if not self._choice.fill_gaps_s or len(members) < 2:
            return members
        known = {one.frame for one in members}
        missing = [
            frame
            for one, following in itertools.pairwise(members)
            for frame in range(one.frame + 1, following.frame)
            # a frame that a person says has no face stays without one
            if frame in self._time_of and frame not in known and frame not in self._hand
        ]
        if not missing:
            return members
        times = np.array([self._time_of[frame] for frame in missing])
        made = fill_gaps(
            self._times_of(members), [one.face for one in members], times, max_gap_s=self._choice.fill_gaps_s
        )
        added = [
            _Member(frame, 0, face, Origin.FILLED, is_fixed=False)
            for frame, face in zip(missing, made, strict=True)
            if face is not None
        ]
        return sorted([*members, *added], key=lambda one: one.frame)


def _landmarks(members: Sequence[_Member]) -> F32:
    faces = [one.face.landmarks for one in members]
    return np.stack([points for points in faces if points is not None])


def _meshes(members: Sequence[_Member]) -> F32 | None:
    """Return the meshes of faces (T, M, 3), where all have one."""
    meshes = [one.face.mesh for one in members if one.face.mesh is not None]
    return np.stack(meshes) if meshes and len(meshes) == len(members) else None


def _at(meshes: F32 | None, place: int) -> F32 | None:
    return None if meshes is None else meshes[place]
