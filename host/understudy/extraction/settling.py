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

from understudy.corrections import HandFace
from understudy.faceset import NO_TRACK, Origin
from understudy.project import ChosenExtract
from understudy.steadiness import REACH_S, SUPPORT_S, fill_gaps, steadying_plan
from understudy.tracking import Spotted, join_tracks, weak_tracks
from understudy.video import ClipInfo
from understudy_sdk import Face, FaceType
from understudy_sdk.geometry import mesh_to_crop, umeyama
from understudy_sdk.types import F32, F64

from .findings import Findings, extent_of
from .natures import Nature, measured_natures, nature_of
from .shots import shot_starts

__all__ = ["SettledClip", "SettledFace", "needs_mesh"]

Hand = Mapping[int, Sequence[tuple[HandFace, Face]]]

_SLACK_S: Final = 0.01
"""By how much more of a clip is looked at than a face depends on; times are rounded."""


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


class SettledClip:
    """A clip's faces over time."""

    def __init__(
        self,
        findings: Findings,
        clip: int,
        info: ClipInfo,
        choice: ChosenExtract,
        hand: Hand,
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
        if info.is_loose:  # single pictures: nothing says how much time lies between them
            choice = replace(choice, steadiness=0.0, fill_gaps_s=0.0)
        self._findings, self._clip, self._choice = findings, clip, choice
        self.pts = findings.times(clip)
        start = min(self.pts.values(), default=0)
        self._frames = list(self.pts)
        self._times = [float((pts - start) * info.time_base) for pts in self.pts.values()]
        self._time_of = dict(zip(self._frames, self._times, strict=True))
        self._place = {frame: place for place, frame in enumerate(self._frames)}
        self._hand = {frame: hand[frame] for frame in sorted(hand) if frame in self._place}
        self._hand_frames = list(self._hand)
        self._needs_mesh = needs_mesh(choice)
        cuts = shot_starts(findings, clip, info, self._times)
        self._track = self._joined(cuts, first_track)
        self.next_track = max(self._track.values(), default=first_track - 1) + 1
        self.cuts = [self._frames[cut] for cut in cuts]
        self._covered = self._covered_spans()
        self._natures = self._measured(cuts) if choice.steadiness else {}

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
            if first <= one.frame < stop and not (self._needs_mesh and _is_bare(one))
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
        place = bisect_left(self._covered, stop, key=lambda span: span[0])
        return place > 0 and self._covered[place - 1][1] >= first

    def _joined(self, cuts: Sequence[int], first_track: int) -> dict[tuple[int, int], int]:
        """Return the track of every face that counts, by frame and number, in the order of frames."""
        spotted = self._spotted(self._hand)
        tracks = join_tracks(spotted, cuts).tracks
        corrected = {track for one, track in zip(spotted, tracks, strict=True) if self._frames[one.frame] in self._hand}
        weak = weak_tracks(spotted, tracks, self._times, cuts) - corrected if spotted else set()
        self.dropped = sum(track in weak for track in tracks)
        numbers, joined = dict[int, int](), dict[tuple[int, int], int]()
        for one, track in zip(spotted, tracks, strict=True):
            if track != NO_TRACK and track not in weak:
                number = numbers.setdefault(track, first_track + len(numbers))
                joined[self._frames[one.frame], one.number] = number
        return joined

    def _covered_spans(self) -> list[tuple[int, int]]:
        """Return the first and last frames of the stretches that tracks run through, ascending and apart."""
        spans: dict[int, tuple[int, int]] = {}
        for (frame, _), track in self._track.items():
            spans[track] = spans.get(track, (frame, frame))[0], frame
        covered: list[tuple[int, int]] = []
        for first, last in sorted(spans.values()):
            if covered and first <= covered[-1][1] + 1:
                covered[-1] = covered[-1][0], max(covered[-1][1], last)
            else:
                covered.append((first, last))
        return covered

    def _spotted(self, hand: Hand) -> list[Spotted]:
        found = [
            self._spot(frame, number, score, extent)
            for frame, number, score, *extent in self._findings.extents(self._clip)
            if frame not in hand
        ]
        found += [
            self._spot(frame, number, face.score, extent_of(face))
            for frame, faces in hand.items()
            for number, (_, face) in enumerate(faces)
        ]
        return sorted(found, key=lambda one: (one.frame, one.number))

    def _spot(self, frame: int, number: int, score: float, extent: Sequence[float]) -> Spotted:
        place = self._place[frame]
        left, top, right, bottom = extent
        return Spotted(place, number, (left, top, right, bottom), self._times[place], score)

    def _around(self, first: int, stop: int) -> tuple[int, int]:
        """Return the span of frames that the faces of another depend on."""
        margin = REACH_S + 2 * self._choice.fill_gaps_s + SUPPORT_S + _SLACK_S
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
        begin, end = (bisect_left(self._hand_frames, frame) for frame in (first, stop))
        for frame in self._hand_frames[begin:end]:
            for number, (hand, face) in enumerate(self._hand[frame]):
                by_hand = hand.by == "hand"
                origin = Origin.HAND if by_hand else Origin.FOUND
                yield _Member(frame, number, face, origin, is_fixed=by_hand and hand.landmarks is not None)

    def _measured(self, cuts: Sequence[int]) -> dict[int, Nature]:
        """Return what holds for each track: what does for the one of which the machine found its first face."""
        machine = self._track
        if self._hand:
            found = self._spotted({})
            places = ((self._frames[one.frame], one.number) for one in found)
            machine = dict(zip(places, join_tracks(found, cuts).tracks, strict=True))
        origin = dict[int, int]()
        for (frame, number), track in self._track.items():
            if track not in origin and frame not in self._hand and machine[frame, number] != NO_TRACK:
                origin[track] = machine[frame, number]
        wanted = set(origin.values())
        machine = {place: track for place, track in machine.items() if track in wanted}
        natures = measured_natures(self._findings, self._clip, machine, self._time_of)
        by_hand: dict[int, list[tuple[float, Face]]] = {}
        for frame, faces in self._hand.items():
            for number, (_, face) in enumerate(faces):
                track = self._track.get((frame, number), NO_TRACK)
                if track not in origin:
                    by_hand.setdefault(track, []).append((self._time_of[frame], face))
        own = {track: nature_of(*zip(*faces, strict=True)) for track, faces in by_hand.items()}
        return {**{track: natures[source] for track, source in origin.items()}, **own}

    def _times_of(self, members: Sequence[_Member]) -> F64:
        return np.array([self._time_of[one.frame] for one in members])

    def _settle(self, track: int, members: list[_Member]) -> list[SettledFace]:
        members = self._filled(self._with_meshes(sorted(members, key=lambda one: one.frame)))
        found = _landmarks(members)
        landmarks, meshes = self._steadied(track, members, found) if self._choice.steadiness else (found, {})
        return [
            SettledFace(
                one.frame,
                self.pts[one.frame],
                one.number,
                one.face
                if one.is_fixed
                else replace(one.face, landmarks=landmarks[place], mesh=meshes.get(place, one.face.mesh)),
                found[place],
                one.origin,
                track,
            )
            for place, one in enumerate(members)
        ]

    def _steadied(self, track: int, members: Sequence[_Member], found: F32) -> tuple[F32, dict[int, F32]]:
        """Return a track's landmarks (T, 68, 2), steadied, and its meshes by their place in it."""
        nature, strength, times = self._natures[track], self._choice.steadiness, self._times_of(members)
        plan = steadying_plan(times, found, nature.noise, strength)
        landmarks = plan.apply(found)
        meshes = {place: one.face.mesh for place, one in enumerate(members) if one.face.mesh is not None}
        if not meshes or nature.mesh_parts is None:
            return landmarks, {}
        if len(meshes) < len(members):
            some = list(meshes)
            plan = steadying_plan(times[some], found[some], nature.noise, strength)
        steadied = plan.apply(np.stack(list(meshes.values())), nature.mesh_parts)
        return landmarks, dict(zip(meshes, steadied, strict=True))

    def _with_meshes(self, members: list[_Member]) -> list[_Member]:
        """Return a track's faces; those that lack a mesh borrow that of the nearest, if one is near."""
        meshed = [one for one in members if one.face.mesh is not None]
        if not meshed or len(meshed) == len(members):
            return members
        return [one if one.face.mesh is not None else self._with_mesh(one, meshed) for one in members]

    def _with_mesh(self, member: _Member, lenders: Sequence[_Member]) -> _Member:
        time_s = self._time_of[member.frame]
        near = min(lenders, key=lambda one: abs(self._time_of[one.frame] - time_s))
        own, lent = member.face.landmarks, near.face
        if abs(self._time_of[near.frame] - time_s) > SUPPORT_S or own is None or lent.landmarks is None:
            return member
        assert lent.mesh is not None
        return replace(member, face=replace(member.face, mesh=mesh_to_crop(umeyama(lent.landmarks, own), lent.mesh)))

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


def needs_mesh(choice: ChosenExtract) -> bool:
    """Tell whether faces without a dense mesh cannot be cut."""
    return choice.face_type is FaceType.MESH or any(masker.offer.spec.needs_mesh for masker in choice.maskers)


def _is_bare(face: SettledFace) -> bool:
    """Tell whether a face that nobody looked at, or a person put in, is without a mesh."""
    return face.face.mesh is None and face.origin in {Origin.HAND, Origin.FILLED}
