"""What is in a faceset?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from understudy.faceset import NO_TRACK, ClipRow, Faceset, Origin
from understudy.store import folder_bytes

from .facts import FaceFacts, read_facts

__all__ = ["ClipShare", "FacesetInfo", "PersonShare", "Spread", "describe"]

BINS: Final = 8


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is spread over the faces.

    Attributes:
        low: The least.
        median: The middle one.
        high: The greatest.
        counts: Of faces in parts of equal width, from the least to the greatest figure.
    """

    low: float
    median: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClipShare:
    """What of a faceset comes from one clip; ``frames`` are those of the clip, ``with_faces`` of them show one."""

    name: str
    fingerprint: str
    width: int
    height: int
    frames: int
    with_faces: int
    faces: int


@dataclass(frozen=True, slots=True)
class PersonShare:
    """What of a faceset is one person; nobody named where ``name`` is empty."""

    name: str
    tracks: int
    faces: int


@dataclass(frozen=True, slots=True)
class FacesetInfo:
    """What is in a faceset.

    Attributes:
        folder: Where it lies.
        faces: How many there are.
        marked: How many are set aside for each reason.
        frames: How many frames show a face.
        tracks: How many faces over time there are.
        bytes: What its folder takes on the disk.
        crops: How many pictures there are of each side in px.
        clips: What comes from each clip.
        people: What each person has.
        origins: How many faces came to be known in each way.
        spreads: Of size_px, yaw_deg, pitch_deg, roll_deg, sharpness, brightness and score; without faces empty.
    """

    folder: Path
    faces: int
    marked: dict[str, int]
    frames: int
    tracks: int
    bytes: int
    crops: dict[int, int]
    clips: tuple[ClipShare, ...]
    people: tuple[PersonShare, ...]
    origins: dict[str, int]
    spreads: dict[str, Spread]


def describe(index: Faceset) -> FacesetInfo:
    """Count and measure what is in a faceset."""
    facts = read_facts(index)
    origins = Counter(face.origin for face in facts)
    frames_of = dict[str, list[int]]()
    for face in facts:
        frames_of.setdefault(face.fingerprint, []).append(face.frame)
    figures: dict[str, Iterable[float]] = {
        "size_px": (face.size_px for face in facts),
        "yaw_deg": (face.yaw_deg for face in facts),
        "pitch_deg": (face.pitch_deg for face in facts),
        "roll_deg": (face.roll_deg for face in facts),
        "sharpness": (face.sharpness for face in facts),
        "brightness": (face.luma for face in facts),
        "score": (face.score for face in facts),
    }
    return FacesetInfo(
        folder=index.folder,
        faces=len(facts),
        marked=dict(Counter(face.mark for face in facts if face.mark).most_common()),
        frames=len({(face.fingerprint, face.frame) for face in facts}),
        tracks=len({face.track for face in facts} - {NO_TRACK}),
        bytes=folder_bytes(index.folder),
        crops=dict(sorted(Counter(face.crop_px for face in facts).items())),
        clips=tuple(_clip_share(clip, frames_of.get(clip.fingerprint, [])) for clip in index.clips()),
        people=_people(facts),
        origins={str(origin): origins[origin] for origin in Origin},
        spreads={name: _spread(sorted(values)) for name, values in figures.items()} if facts else {},
    )


def _clip_share(clip: ClipRow, frames: Sequence[int]) -> ClipShare:
    """Return a clip's share; ``frames`` are those of its faces, one for each face."""
    size = (clip.width, clip.height)
    return ClipShare(clip.name, clip.fingerprint, *size, clip.frames, len(set(frames)), len(frames))


def _people(facts: Sequence[FaceFacts]) -> tuple[PersonShare, ...]:
    faces = Counter(face.person for face in facts)
    tracks = Counter(person for person, track in {(face.person, face.track) for face in facts} if track != NO_TRACK)
    return tuple(PersonShare(name, tracks[name], count) for name, count in faces.most_common())


def _spread(values: Sequence[float]) -> Spread:
    """Return the spread of figures, least first."""
    low, high = values[0], values[-1]
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / width), BINS - 1)] += 1
    return Spread(low, values[len(values) // 2], high, tuple(counts))
