"""How do facesets, or chosen faces of one, become a new faceset?

The new one is written aside and renamed: it is there whole or not at all. Tracks are numbered anew, so that none of two
sets run into each other; a face that two sets have of the same frame is taken once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from understudy.aside import whole_folder
from understudy.boxes import overlap
from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, ClipRow, FaceRow, Faceset, FoundFace
from understudy.progress import Progress
from understudy.store import digest
from understudy_sdk import FaceType
from understudy_sdk.types import F32

from .opening import opened

__all__ = ["United", "unite"]

FRAMES_AT_ONCE: Final = 256

SAME_FACE: Final = 0.5
"""Overlap (intersection over union) from which on two boxes of one frame are the same face."""

SAME_PERSON: Final = 0.5
"""Likeness (cosine) from which on two people of one name in different sets are the same person."""

_Shape = tuple[FaceType, int, str]
_Sourced = tuple[int, FaceRow]
"""A face, and the position of the set it comes from."""


@dataclass(slots=True)
class United:
    """What went into a new faceset.

    Attributes:
        faces: How many.
        doubles: How many were left out, for an earlier set has the same face of the same frame.
        renamed: People of a name that an earlier set gives to somebody else: the old name and the new one.
    """

    faces: int = 0
    doubles: int = 0
    renamed: list[tuple[str, str]] = field(default_factory=list)


def unite(sources: Sequence[Path], target: Path, progress: Progress, *, only: Collection[str] | None = None) -> United:
    """Write a new faceset that holds the faces of others; marks and names of people come along.

    Args:
        sources: Folders of facesets, at least one.
        target: Folder to make.
        progress: Hears how many faces are copied.
        only: Names of the faces to take, where not all; they come without marks.

    Raises:
        RequestError: The target is there already, or two sets have crops of different size of the same frame.
        StoreError: The disk does not take it.
    """
    if target.exists():
        raise RequestError(f"{target} is there already\n  choose another name, or delete it first")
    with contextlib.ExitStack() as stack:
        indexes = [stack.enter_context(opened(folder)) for folder in sources]
        total = sum(len(index.notes(clip.fingerprint for clip in index.clips())) for index in indexes)
        progress.start("copy faces", total if only is None else len(only), "faces")
        with whole_folder(target) as part:
            united = _Uniting(indexes, only, progress).write(part)
        progress.finish()
    return united


class _Uniting:
    """One union on its way."""

    def __init__(self, sources: Sequence[Faceset], only: Collection[str] | None, progress: Progress) -> None:
        self._sources, self._only, self._progress = sources, only, progress
        self._tracks = dict[tuple[int, int], int]()
        self._done = United()

    def write(self, folder: Path) -> United:
        clips = dict[str, ClipRow]()
        for source in self._sources:
            for clip in source.clips():
                clips.setdefault(clip.fingerprint, clip)
        with opened(folder, writable=True) as target:
            for clip in clips.values():
                self._copy_clip(target, clip)
            target.set_people(self._people())
        return self._done

    def _copy_clip(self, target: Faceset, clip: ClipRow) -> None:
        size = (clip.width, clip.height)
        number = target.register_clip(clip.fingerprint, clip.name, clip.time_base, clip.frames, size)
        lost = sorted({place for source in self._sources for place in source.undecodable(clip.fingerprint)})
        reasons = list[str]()
        for first in range(0, clip.frames, FRAMES_AT_ONCE):
            frames = self._frames(clip, first, min(first + FRAMES_AT_ONCE, clip.frames))
            for span, shape, sourced in _runs(clip, frames):
                inside = [place for place in lost if span[0] <= place < span[1]]
                faces = [self._found(*one, number) for of_frame in sourced for number, one in enumerate(of_frame)]
                made_from = digest([[row.name, row.frame_to_crop.tolist()] for one in sourced for _, row in one])
                target.add_chunk(number, span, faces, shape, undecodable=inside, made_from=made_from)
                reasons += [row.mark for of_frame in sourced for _, row in of_frame]
                self._done.faces += len(faces)
                self._progress.advance(len(faces))
        if self._only is None:
            _mark(target, clip, reasons)

    def _frames(self, clip: ClipRow, first: int, stop: int) -> list[tuple[int, list[_Sourced]]]:
        """Return the faces of each frame from ``first`` up to, not including, ``stop``."""
        chosen = [
            (place, row)
            for place, source in enumerate(self._sources)
            for row in source.rows(clip.fingerprint, first, stop)
            if self._only is None or row.name in self._only
        ]
        chosen.sort(key=_frame_of)  # within a frame the sets keep their order
        faces = {frame: self._without_doubles(list(of_one)) for frame, of_one in groupby(chosen, _frame_of)}
        return [(frame, faces.get(frame, [])) for frame in range(first, stop)]

    def _without_doubles(self, sourced: list[_Sourced]) -> list[_Sourced]:
        kept = list[_Sourced]()
        for place, row in sourced:
            if any(before != place and overlap(row.face.box, other.face.box) > SAME_FACE for before, other in kept):
                self._done.doubles += 1
                self._progress.advance()
            else:
                kept.append((place, row))
        return kept

    def _found(self, place: int, row: FaceRow, number: int) -> FoundFace:
        source, track = self._sources[place], row.track
        if track != NO_TRACK:
            track = self._tracks.setdefault((place, track), len(self._tracks))
        return FoundFace(
            frame=row.frame,
            pts=row.pts,
            number=number,
            face=row.face,
            frame_to_crop=row.frame_to_crop,
            picture=(source.pictures / row.name).read_bytes(),
            mask=source.mask_png(row.name),
            found_landmarks=row.found_landmarks,
            origin=row.origin,
            track=track,
            look=row.look,
            label=source.label(row.name),
        )

    def _people(self) -> dict[int, tuple[str, F32]]:
        """Return who the new tracks are; two sets' people of one name stay apart unless they look alike."""
        people, looks = dict[int, tuple[str, F32]](), dict[str, F32]()
        for place, source in enumerate(self._sources):
            own = {track: said for track, said in source.people().items() if (place, track) in self._tracks}
            vectors = dict[str, list[F32]]()
            for name, vector in own.values():
                vectors.setdefault(name, []).append(vector)
            names = {name: self._name_for(name, np.mean(seen, axis=0), looks) for name, seen in vectors.items()}
            for name, seen in vectors.items():
                looks.setdefault(names[name], np.mean(seen, axis=0))
            people.update({self._tracks[place, track]: (names[name], vector) for track, (name, vector) in own.items()})
        return people

    def _name_for(self, name: str, look: F32, looks: dict[str, F32]) -> str:
        """Return a name that nobody who looks otherwise has."""
        new, number = name, 2
        while new in looks and not _is_alike(look, looks[new]):
            new, number = f"{name} ({number})", number + 1
        if new != name:
            self._done.renamed.append((name, new))
        return new


def _runs(
    clip: ClipRow, frames: Sequence[tuple[int, list[_Sourced]]]
) -> Iterator[tuple[tuple[int, int], _Shape, list[list[_Sourced]]]]:
    """Yield spans of frames whose crops have one shape, which together cover all frames given."""
    run, shape = list[tuple[int, list[_Sourced]]](), _NO_SHAPE
    for frame, sourced in frames:
        found = _shape_of(clip, frame, sourced)
        if run and found not in (shape, _NO_SHAPE) and shape != _NO_SHAPE:
            yield (run[0][0], frame), shape, [of_one for _, of_one in run]
            run, shape = [], _NO_SHAPE
        run.append((frame, sourced))
        shape = shape if found == _NO_SHAPE else found
    if run:
        yield (run[0][0], run[-1][0] + 1), shape, [of_one for _, of_one in run]


_NO_SHAPE: Final[_Shape] = (FaceType.WHOLE_FACE, 0, "")
"""Of a frame without faces."""


def _shape_of(clip: ClipRow, frame: int, sourced: Sequence[_Sourced]) -> _Shape:
    shapes = {(row.face_type, row.size, Path(row.name).suffix) for _, row in sourced}
    if len(shapes) > 1:
        found = " and ".join(sorted(f"{face_type} {size} px {suffix}" for face_type, size, suffix in shapes))
        raise RequestError(
            f"{clip.name} is in several of the facesets, and frame {frame} has crops of different kinds: {found}\n"
            f"  extract the facesets with the same face type, crop size and picture format, or unite others"
        )
    return shapes.pop() if shapes else _NO_SHAPE


def _mark(target: Faceset, clip: ClipRow, reasons: Sequence[str]) -> None:
    """Set aside in a new faceset what was set aside in the old ones; ``reasons`` in the order of a clip's faces."""
    marked = dict[str, list[str]]()
    for note, reason in zip(target.notes([clip.fingerprint]), reasons, strict=True):
        if reason:
            marked.setdefault(reason, []).append(note.name)
    for reason, names in marked.items():
        target.mark(names, reason)


def _frame_of(sourced: _Sourced) -> int:
    return sourced[1].frame


def _is_alike(one: F32, other: F32) -> bool:
    if one.shape != other.shape:
        return False
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return lengths > 0 and float(one @ other) / lengths >= SAME_PERSON
