"""Who is who in a faceset, and whom does a project mean?"""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

import numpy as np

from understudy_sdk import Crop, Face, Frame, Recognizer
from understudy_sdk.types import F32

from .answers import check_vectors
from .errors import RequestError, StoreError
from .faceset import NO_TRACK, FaceNote, FaceRow, Faceset, Origin
from .pictures import decode_picture
from .progress import Progress
from .project import FaceChoice
from .store import name_of
from .tracking.grouping import group_tracks

__all__ = ["describe_picture", "name_people", "resolve_face", "tracks_of_nearest"]

_FACES_PER_TRACK: Final = 8
_LOOKS_PER_FACE: Final = 4  # candidates that are looked at for each face that is chosen
_NEARLY_EQUAL: Final = 0.15  # of the way from just one person to the very same picture
_TURNED_DEG: Final = 30.0


def name_people(
    index: Faceset, recognizer: Recognizer, progress: Progress, fingerprints: Sequence[str] | None = None
) -> dict[str, tuple[int, ...]]:
    """Group a faceset's tracks into people, write that down, and return each person's tracks.

    People are called ``person-1``, ``person-2`` and so on, by how long they are on screen. What was said before is
    replaced. A track none of whose pictures is there is left out.

    Args:
        index: The faceset; writable.
        recognizer: Tells people apart.
        progress: Who is told.
        fingerprints: Of the clips whose tracks count; all where it is None.
    """
    members = _members(index, fingerprints)
    progress.start("tell people apart", len(members), "tracks")
    vectors, shown_s = dict[int, F32](), dict[int, float]()
    for track, notes in members.items():
        candidates = [index.row(note.name) for note in _spread(notes, _FACES_PER_TRACK * _LOOKS_PER_FACE)]
        crops = [index.crop(row) for row in choose_faces(candidates, _FACES_PER_TRACK)]
        vectors[track] = _mean(_embed(recognizer, crops))
        shown_s[track] = float(
            candidates[-1].pts * candidates[-1].time_base - candidates[0].pts * candidates[0].time_base
        )
        progress.advance()
    progress.finish()
    people = _numbered(_grouped(vectors, members, recognizer.same_person), shown_s)
    index.set_people({track: (name, vectors[track]) for name, tracks in people.items() for track in tracks})
    return people


def choose_faces(candidates: Sequence[FaceRow], count: int) -> list[FaceRow]:
    """Return up to ``count`` good faces of a track, spread over its time.

    The best of each stretch of time: sharp, large, and not turned far away.

    Args:
        candidates: Faces of one track in the order of time.
        count: How many are wanted.
    """
    stretches = np.array_split(np.arange(len(candidates)), min(count, len(candidates)))
    return [max((candidates[place] for place in stretch), key=_quality) for stretch in stretches]


def describe_picture(
    path: Path, find: Callable[[Frame], Sequence[Face]], cut: Callable[[Frame, Face], Crop], recognizer: Recognizer
) -> F32:
    """Return how the largest face in a picture file looks: a unit vector, float32 (D,).

    Args:
        path: A PNG, JPEG or WebP.
        find: Gives a frame's faces with landmarks, as the faceset's own detector and aligner do.
        cut: Cuts a face out as the faceset's crops are.
        recognizer: Describes it.

    Raises:
        RequestError: The file cannot be read, or no face is found in it.
    """
    try:
        picture = decode_picture(path.read_bytes(), str(path))
    except (OSError, StoreError) as error:
        raise RequestError(f"the picture {path} cannot be read\n  give a PNG, JPEG or WebP file") from error
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    frame = Frame(np.ascontiguousarray(rgb[..., :3]), 0, Fraction(1))
    faces = find(frame)
    if not faces:
        raise RequestError(
            f"no face is found in {path}\n  give a picture that shows the face larger and from the front"
        )
    largest = max(faces, key=lambda face: float((face.box[2] - face.box[0]) * (face.box[3] - face.box[1])))
    return np.asarray(_embed(recognizer, [cut(frame, largest)])[0], np.float32)


def tracks_of_nearest(index: Faceset, vector: F32, same_person: float, what: str) -> frozenset[int]:
    """Return the tracks of the person who looks most like a vector.

    Args:
        index: A faceset whose tracks are grouped into people.
        vector: float32 (D,), a unit vector of the same recognizer.
        same_person: The similarity from which on it is the same person.
        what: Names the vector in errors, such as the picture's path.

    Raises:
        RequestError: Nobody looks like it, or two people nearly as much; lists how much each person does.
    """
    people = index.people()
    alike: dict[str, float] = {}
    for name, known in people.values():
        if known.shape != vector.shape:
            raise RequestError(
                f"people were told apart by another recognizer than {what}\n  run the extract phase again"
            )
        alike[name] = max(alike.get(name, -1.0), float(known @ vector))
    ranked = sorted(alike, key=lambda name: (-alike[name], name))
    listed = ", ".join(f"{name} {alike[name]:.2f}" for name in ranked[:10]) or "nobody; run the extract phase"
    if not ranked or alike[ranked[0]] < same_person:
        raise RequestError(
            f"nobody looks like {what}\n  wanted: a similarity of at least {same_person:.2f}\n  found: {listed}\n"
            f"  give a picture from the same shot, or name tracks: face: {{track: [...]}}"
        )
    rivals = [name for name in ranked if alike[name] >= _least_rival(alike[ranked[0]], same_person)]
    if len(rivals) > 1:
        raise RequestError(
            f"{what} looks like {' and '.join(rivals)} alike\n  found: {listed}\n"
            f"  if they are one person, name all tracks: face: {{track: [...]}}; else give a clearer picture"
        )
    return frozenset(track for track, (name, _) in people.items() if name == ranked[0])


def resolve_face(
    choice: FaceChoice,
    index: Faceset,
    *,
    named: Mapping[str, FaceChoice] | None = None,
    like: Callable[[Path], frozenset[int]] | None = None,
) -> Literal["largest", "all"] | frozenset[int]:
    """Return which faces a choice means: the largest, all, or those of some tracks.

    Args:
        choice: What the project says.
        index: The faceset that is chosen from.
        named: People whom the project names itself, by tracks or by a picture; they go before found people.
        like: Looks up whose tracks a picture means, as ``describe_picture`` and ``tracks_of_nearest`` do; None where
            the project has no recognizer.

    Raises:
        RequestError: A track or person that is not there, or nobody looks like the picture; says what there is.
    """
    if choice.kind == "track":
        return _existing(choice.tracks, index)
    if choice.kind == "person":
        if choice.person in (named or {}):
            return resolve_face((named or {})[choice.person], index, like=like)
        return _person(choice.person, index, tuple(named or ()))
    if choice.kind == "like":
        if like is None or choice.like is None:
            raise RequestError("a picture is looked up by a recognizer, and none is chosen\n  add extract.recognizer")
        return like(choice.like)
    return choice.kind


def _existing(tracks: Sequence[int], index: Faceset) -> frozenset[int]:
    there = [row.track for row in index.tracks()]
    missing = [track for track in tracks if track not in there]
    if missing:
        which = f"tracks {', '.join(map(str, missing))}" if len(missing) > 1 else f"track {missing[0]}"
        raise RequestError(
            f"there is no {which} in the faceset {name_of(index.folder)}\n  there are: {_ranges(there) or 'none'}\n"
            f"  the report shows a sheet of each: understudy report"
        )
    return frozenset(tracks)


def _person(name: str, index: Faceset, named: Collection[str]) -> frozenset[int]:
    found = index.people()
    tracks = frozenset(track for track, (person, _) in found.items() if person == name)
    if tracks:
        return tracks
    known = sorted({*named, *(person for person, _ in found.values())}, key=_natural)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    advice = "the report shows a sheet of each track: understudy report"
    if not found:
        advice = "tracks are not grouped into people: choose an extract.recognizer, or name people by tracks in people:"
    raise RequestError(f"nobody is called {name!r}.{hint}\n  there are: {', '.join(known) or 'none'}\n  {advice}")


def _members(index: Faceset, fingerprints: Sequence[str] | None) -> dict[int, list[FaceNote]]:
    """Return the faces of each track that can be looked at, in the order of time, by track."""
    found = defaultdict[int, list[FaceNote]](list)
    for note in index.notes([clip.fingerprint for clip in index.clips()] if fingerprints is None else fingerprints):
        if note.track != NO_TRACK:
            found[note.track].append(note)
    return dict(sorted(found.items()))


def _spread(notes: Sequence[FaceNote], count: int) -> list[FaceNote]:
    places = np.unique(np.linspace(0, len(notes) - 1, min(count, len(notes))).round().astype(int))
    return [notes[place] for place in places]


def _quality(row: FaceRow) -> float:
    turned = math.hypot(row.look.yaw_deg, row.look.pitch_deg) / _TURNED_DEG
    unseen = row.origin is Origin.FILLED or bool(row.mark)
    return math.log1p(max(row.look.sharpness, 0.0)) + 0.5 * math.log1p(row.area) - turned - 100.0 * unseen


def _embed(recognizer: Recognizer, crops: Sequence[Crop]) -> F32:
    return check_vectors(recognizer.embed(crops), crops)


def _mean(vectors: F32) -> F32:
    mean = vectors.astype(np.float64).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)


def _grouped(
    vectors: Mapping[int, F32], members: Mapping[int, Sequence[FaceNote]], same_person: float
) -> list[list[int]]:
    tracks = list(vectors)
    if not tracks:
        return []
    apart = set(_seen_together([members[track] for track in tracks]))
    people = defaultdict[int, list[int]](list)
    for track, group in zip(tracks, group_tracks(np.stack([*vectors.values()]), apart, same_person), strict=True):
        people[group].append(track)
    return list(people.values())


def _seen_together(members: Sequence[Sequence[FaceNote]]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of places whose tracks have a frame in common."""
    frames = defaultdict[tuple[str, int], list[int]](list)
    for place, notes in enumerate(members):
        for note in notes:
            frames[note.fingerprint, note.frame].append(place)
    for places in frames.values():
        yield from combinations(places, 2)


def _numbered(people: Sequence[Sequence[int]], shown_s: Mapping[int, float]) -> dict[str, tuple[int, ...]]:
    ranked = sorted(people, key=lambda tracks: (-round(sum(shown_s[track] for track in tracks), 3), min(tracks)))
    return {f"person-{number}": tuple(sorted(tracks)) for number, tracks in enumerate(ranked, start=1)}


def _least_rival(best: float, same_person: float) -> float:
    return max(same_person, best - _NEARLY_EQUAL * (1 - same_person))


def _natural(name: str) -> tuple[str, int]:
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdecimal() else (name, -1)


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as people write them: ``0-3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
