"""What is one face, one clip, one track of a faceset, and how are they kept as rows?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

import numpy as np

from understudy_sdk import Face, FaceType
from understudy_sdk.types import F32, F64

from .labels import FaceLabel

__all__ = [
    "NO_TRACK", "ClipRow", "FaceNote", "FaceRow", "FoundFace", "Look", "Origin", "TrackRow", "from_row", "to_row",
]  # fmt: skip

NO_TRACK: Final = -1
"""The track of a face that comes from no clip."""


class Origin(StrEnum):
    """How a face came to be known."""

    FOUND = "found"  # by the detector
    FOLLOWED = "followed"  # from a neighbouring frame, by the aligner
    FILLED = "filled"  # between two frames of its track; nobody looked
    HAND = "hand"  # put in by a person
    IMPORTED = "imported"  # from another program's faceset


@dataclass(frozen=True, slots=True)
class FaceNote:
    """What choosing among faces needs to know of one.

    Attributes:
        name: File name of the picture in ``faces/``.
        fingerprint: Of the clip it comes from.
        frame: Position of its frame in the clip.
        area: Of its box, in square px.
        track: Number of its track, or NO_TRACK.
        is_marked: Whether it is set aside, so that nothing learns from it.
    """

    name: str
    fingerprint: str
    frame: int
    area: float
    track: int
    is_marked: bool


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """A face as extraction hands it over: where it was found, its encoded picture and mask.

    Attributes:
        frame: Position of its frame in the clip.
        pts: Presentation time of that frame.
        number: 0 for the frame's first face.
        face: Box, score, landmarks and mesh, in frame pixels.
        frame_to_crop: float64 (2, 3).
        picture: The crop, encoded.
        mask: The mask as 8-bit grey PNG.
        found_landmarks: float32 (68, 2), as they were before they were steadied.
        origin: How it came to be known.
        track: Number of its track.
        look: What its crop shows.
        label: The mask that a person drew on it, where one did.
    """

    frame: int
    pts: int
    number: int
    face: Face
    frame_to_crop: F64
    picture: bytes
    mask: bytes
    found_landmarks: F32
    origin: Origin
    track: int
    look: Look
    label: FaceLabel | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a crop shows, in numbers.

    Attributes:
        pitch_deg: Above 0 the face looks up.
        yaw_deg: Above 0 it looks to the picture's left.
        roll_deg: Above 0 it leans clockwise; of the face in the frame.
        sharpness: Variance of the Laplacian of the grey crop at 256 px under its mask; more is sharper.
        brightness: Mean grey under the mask, 0 to 255.
    """

    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    sharpness: float
    brightness: float


@dataclass(frozen=True, slots=True, eq=False)
class FaceRow:
    """One row of the index.

    Attributes:
        name: File name of the picture in ``faces/``.
        fingerprint: Of the clip it comes from.
        clip_name: File name of that clip.
        frame: Position of its frame in the clip.
        pts: Presentation time of that frame, in ``time_base`` seconds.
        time_base: Seconds per tick.
        face: Box, score, landmarks and mesh, in frame pixels.
        face_type: How much of the head the picture shows.
        size: The picture's side in px.
        frame_to_crop: float64 (2, 3).
        found_landmarks: float32 (68, 2), as they were before they were steadied.
        origin: How it came to be known.
        track: Number of its track, or NO_TRACK.
        look: What its crop shows.
        person: Who its track is taken for, or empty.
        mark: Why it is set aside, or empty.
    """

    name: str
    fingerprint: str
    clip_name: str
    frame: int
    pts: int
    time_base: Fraction
    face: Face
    face_type: FaceType
    size: int
    frame_to_crop: F64
    found_landmarks: F32
    origin: Origin
    track: int
    look: Look
    person: str
    mark: str

    @property
    def landmarks(self) -> F32:
        """float32 (68, 2), in frame pixels."""
        assert self.face.landmarks is not None
        return self.face.landmarks

    @property
    def is_marked(self) -> bool:
        """Whether it is set aside."""
        return bool(self.mark)

    @property
    def area(self) -> float:
        """Area of the box in square px."""
        x0, y0, x1, y1 = self.face.box.tolist()
        return float((x1 - x0) * (y1 - y0))


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip that a faceset has faces of.

    Attributes:
        number: In this index.
        fingerprint: Of its content.
        name: Its file name.
        time_base: Seconds per tick.
        frames: How many it has.
        width: Of the upright frame in px.
        height: Of the upright frame in px.
    """

    number: int
    fingerprint: str
    name: str
    time_base: Fraction
    frames: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One face over time.

    Attributes:
        track: Its number.
        fingerprint: Of its clip.
        clip_name: File name of its clip.
        first: Position of its first frame.
        last: Position of its last frame.
        faces: In how many frames it is.
        filled: In how many of them nobody looked.
        person: Who it is taken for, or empty.
    """

    track: int
    fingerprint: str
    clip_name: str
    first: int
    last: int
    faces: int
    filled: int
    person: str


def to_row(name: str, clip: int, time_base: Fraction, found: FoundFace, shape: tuple[FaceType, int]) -> tuple[Any, ...]:
    """Return a face as a row of the table ``face``."""
    face, look = found.face, found.look
    assert face.landmarks is not None
    mesh = None if face.mesh is None else face.mesh.astype("<f4").tobytes()
    return (
        name, clip, found.frame, found.number, found.pts, float(found.pts * time_base), face.score,
        *(float(edge) for edge in face.box), str(shape[0]), shape[1], json.dumps(found.frame_to_crop.tolist()),
        _points(face.landmarks), _points(found.found_landmarks), str(found.origin), found.track,
        look.pitch_deg, look.yaw_deg, look.roll_deg, look.sharpness, look.brightness, mesh, found.mask,
    )  # fmt: skip


def from_row(row: tuple[Any, ...]) -> FaceRow:
    """Return what ``SELECT_FACES`` gives as a face."""
    name, fingerprint, clip_name, frame, pts, time_base, score, face_type, size, affine, *rest = row
    landmarks, found_landmarks, origin, track, *rest = rest
    *look, person, mark, x0, y0, x1, y1, mesh = rest
    face = Face(
        np.array([x0, y0, x1, y1], np.float32),
        score,
        landmarks=np.array(json.loads(landmarks), np.float32),
        mesh=None if mesh is None else np.frombuffer(mesh, "<f4").reshape(-1, 3).astype(np.float32),
    )
    return FaceRow(
        name=name,
        fingerprint=fingerprint,
        clip_name=clip_name,
        frame=frame,
        pts=pts,
        time_base=Fraction(time_base),
        face=face,
        face_type=FaceType(face_type),
        size=size,
        frame_to_crop=np.array(json.loads(affine), np.float64),
        found_landmarks=np.array(json.loads(found_landmarks), np.float32),
        origin=Origin(origin),
        track=track,
        look=Look(*look),
        person=person or "",
        mark=mark or "",
    )


def _points(points: F32) -> str:
    return json.dumps(points.astype(np.float64).tolist())
