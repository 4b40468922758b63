"""How do the faces of another program become a faceset?

Pictures of DeepFaceLab are kept as they are, to the bit of their coded picture; those of faceswap are cut anew, because
their square is none of ours. The files are read twice: once for their words, and once, few at a time, for their
pictures, so that memory does not grow with their number.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy.aside import whole_folder
from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset, FoundFace, Look, Origin
from understudy.pictures import encode_png
from understudy.progress import Progress
from understudy.steadiness import look_of
from understudy_sdk import Crop, Face, FaceType, ForeignFileError
from understudy_sdk.types import U8

from .foreign_faces import FaceFile, ForeignFace, face_files
from .names import frame_positions, safe_name

__all__ = ["CropMasker", "ImportSummary", "import_faces"]

CropMasker = Callable[[Sequence[Crop]], Sequence[U8]]
"""Gives one mask uint8 (S, S) per crop, 0 or up to 255 where the face is."""

TIME_BASE: Final = Fraction(1, 25)
"""Seconds from frame to frame; no file tells the true number."""

_SPAN_FRAMES: Final = 64
_BATCH: Final = 32
_SPOKEN: Final = 20  # files named one by one; a folder of other pictures may hold thousands

_Kind = tuple[str, FaceType, int, str]
"""What a clip's faces share: person, face type, side in px, suffix."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import brought.

    Attributes:
        faces: How many faces were taken.
        own_masks: How many of them came with a mask.
        people: Whose they are, where they lay in folders of persons.
        skipped: Why each file that was passed over is no face; each line names the file.
    """

    faces: int
    own_masks: int
    people: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept in memory of a face while its picture waits."""

    file: FaceFile
    kind: _Kind
    source: str
    sha256: str
    has_mask: bool
    extent: tuple[int, int]


def import_faces(
    source: Path, destination: Path, progress: Progress, *, masker: CropMasker | None = None
) -> ImportSummary:
    """Make a faceset of another program's faces.

    Taken are aligned faces of DeepFaceLab (JPEG files, or a pack) and extracted faces of faceswap (PNG files). The
    folders in a folder are persons. A face keeps the mask that came with it; the others get one from ``masker``. Each
    source frame becomes a frame of a clip that bears the folder's name; persons, face types and sizes make clips of
    their own.

    Args:
        source: A folder, or a pack.
        destination: Where the faceset will lie; it appears whole or not at all.
        progress: Hears how far it is, and which files are passed over.
        masker: Makes masks for faces that came without one.

    Raises:
        RequestError: There is no face; a mask is missing and nothing makes one; the destination is taken.
        ForeignFileError: A pack is damaged.
        StoreError: The disk does not take it.
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise RequestError(f"{destination} is there already\n  name another place, or delete it first")
    skipped = _Skipped(progress)
    known = _survey(face_files(source), progress, skipped)
    if not known:
        raise RequestError(_no_faces(source, skipped.lines))
    bare = sum(not entry.has_mask for entry in known)
    if bare and masker is None:
        raise RequestError(f"{bare} of the {len(known)} faces in {source} have no mask\n  name a masker to make them")
    with whole_folder(destination) as folder:
        with Faceset(folder, writable=True) as index:
            taken = _Importer(index, source, progress, skipped, masker).take(known)
        if not taken:
            raise RequestError(_no_faces(source, skipped.lines))
    people = tuple(sorted({entry.kind[0] for entry in known} - {""}))
    return ImportSummary(taken["own"] + taken["made"], taken["own"], people, tuple(skipped.lines))


class _Skipped:
    """Keeps why files were passed over, and says so of the first ones."""

    def __init__(self, progress: Progress) -> None:
        self.lines: list[str] = []
        self._progress = progress

    def add(self, error: Exception) -> None:
        self.lines.append(str(error).splitlines()[0])
        if len(self.lines) <= _SPOKEN:
            self._progress.say(f"skipped: {self.lines[-1]}")
        elif len(self.lines) == _SPOKEN + 1:
            self._progress.say("skipped: more files; they are counted at the end")


def _no_faces(source: Path, reasons: Sequence[str]) -> str:
    first = f"\n  the first of {len(reasons)}: {reasons[0]}" if reasons else ""
    return (
        f"there is no aligned face of DeepFaceLab or faceswap in {source}{first}\n"
        f"  pictures that do not say where in a frame they lie are footage: name their folder among a faceset's clips,"
        f" and extract the faces from them"
    )


def _survey(files: Sequence[FaceFile], progress: Progress, skipped: _Skipped) -> list[_Known]:
    """Read every file's words and return the faces, in the order of the files."""
    known = []
    progress.start("survey", len(files), "faces")
    for file in files:
        try:
            content = file.read()
            face = file.face(content)
        except (ForeignFileError, OSError) as error:
            skipped.add(error)
        else:
            person = safe_name(file.person, "person") if file.person else ""
            kind = (person, face.face_type, face.size, face.suffix)
            digest = hashlib.sha256(content).hexdigest()
            known.append(_Known(file, kind, face.source, digest, face.own_mask is not None, _extent(face)))
        progress.advance()
    progress.finish()
    return known


def _extent(face: ForeignFace) -> tuple[int, int]:
    """Return the width and height of its frame, or at least of what is known to lie in it."""
    if face.frame_size is not None:
        return face.frame_size
    right, bottom = np.maximum(face.landmarks.max(axis=0), face.box[2:])
    return max(1, math.ceil(right) + 1), max(1, math.ceil(bottom) + 1)


class _Importer:
    """Puts faces into an empty faceset."""

    def __init__(
        self, index: Faceset, source: Path, progress: Progress, skipped: _Skipped, masker: CropMasker | None
    ) -> None:
        self.index, self.progress, self.skipped, self.masker = index, progress, skipped, masker
        self.name = safe_name(source.resolve().name, "faces")

    def take(self, known: Sequence[_Known]) -> Counter[str]:
        """Take the faces, and return how many brought their own mask and how many were given one."""
        taken = Counter[str]()
        by_person, by_kind = defaultdict[str, list[_Known]](list), defaultdict[_Kind, list[_Known]](list)
        for entry in known:
            by_person[entry.kind[0]].append(entry)
            by_kind[entry.kind].append(entry)
        positions = {person: frame_positions(entry.source for entry in faces) for person, faces in by_person.items()}
        tracks = {kind: number for number, kind in enumerate(kind for kind in by_kind if kind[0])}
        if any(kind[3] == ".png" for kind in by_kind):
            self.progress.say(
                "faceswap's files do not state where their pictures lie; it is estimated, and landmarks may be some"
                " pixels off"
            )
        self.progress.start("import", len(known), "faces")
        for kind, faces in by_kind.items():
            taken += self._take_clip(kind, faces, positions[kind[0]], tracks.get(kind, NO_TRACK))
        self.progress.finish()
        self.index.set_people({number: (kind[0], np.zeros(0, np.float32)) for kind, number in tracks.items()})
        return taken

    def _take_clip(
        self, kind: _Kind, faces: Sequence[_Known], positions: Mapping[str, int], track: int
    ) -> Counter[str]:
        """Take faces of one kind as those of one clip, a few frames at a time."""
        size = max(entry.extent[0] for entry in faces), max(entry.extent[1] for entry in faces)
        frames = 1 + max(positions[entry.source] for entry in faces)
        clip = self.index.register_clip(_fingerprint(kind, faces), kind[0] or self.name, TIME_BASE, frames, size)
        by_frame = defaultdict[int, list[_Known]](list)
        for entry in faces:
            by_frame[positions[entry.source]].append(entry)
        taken = Counter[str]()
        for first, numbers in _spans(sorted(by_frame)):
            placed = [(frame, i, entry) for frame in numbers for i, entry in enumerate(by_frame[frame])]
            found = self._found(placed, track, taken)
            self.index.add_chunk(clip, (first, min(first + _SPAN_FRAMES, frames)), found, (*kind[1:3], kind[3]))
        return taken

    def _found(self, placed: Sequence[tuple[int, int, _Known]], track: int, taken: Counter[str]) -> list[FoundFace]:
        """Return all faces that can be opened, a few pictures at a time."""
        batches = (placed[first : first + _BATCH] for first in range(0, len(placed), _BATCH))
        return [face for batch in batches for face in self._opened(batch, track, taken)]

    def _opened(self, placed: Sequence[tuple[int, int, _Known]], track: int, taken: Counter[str]) -> list[FoundFace]:
        """Open faces, make the masks that are missing, and return all that could be opened."""
        opened: list[tuple[int, int, ForeignFace, bytes, U8]] = []
        for frame, number, entry in placed:
            try:
                face = entry.file.face(entry.file.read())
                opened.append((frame, number, face, *face.open()))
            except (ForeignFileError, OSError) as error:
                self.skipped.add(error)
            self.progress.advance()
        masks = self._masks([(face, rgb) for _, _, face, _, rgb in opened])
        found = []
        for (frame, number, face, picture, rgb), mask in zip(opened, masks, strict=True):
            try:
                found.append(_found_face((frame, number, track), face, picture, (rgb, mask)))
            except ForeignFileError as error:
                self.skipped.add(error)
            else:
                taken["made" if face.own_mask is None else "own"] += 1
        return found

    def _masks(self, faces: Sequence[tuple[ForeignFace, U8]]) -> Iterator[U8]:
        """Yield each face's mask: its own, or one that the masker makes."""
        crops = [face.crop(rgb) for face, rgb in faces if face.own_mask is None]
        made = iter(self.masker(crops) if crops and self.masker else ())
        return (face.own_mask if face.own_mask is not None else next(made) for face, _ in faces)


def _spans(frames: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield the first frame of each span of a clip that holds faces, and the frames with faces in it."""
    by_span = defaultdict[int, list[int]](list)
    for frame in frames:
        by_span[frame // _SPAN_FRAMES * _SPAN_FRAMES].append(frame)
    yield from by_span.items()


def _fingerprint(kind: _Kind, faces: Iterable[_Known]) -> str:
    """Return what names these faces by their content and file names."""
    digest = hashlib.sha256("/".join(map(str, kind)).encode())
    for line in sorted(f"{entry.file.name}/{entry.sha256}\n" for entry in faces):
        digest.update(line.encode("utf-8", "surrogateescape"))  # file names on Linux are bytes
    return digest.hexdigest()


def _found_face(place: tuple[int, int, int], face: ForeignFace, picture: bytes, shown: tuple[U8, U8]) -> FoundFace:
    """Return a face as a faceset keeps it; ``place`` is frame, number and track, ``shown`` picture and mask."""
    (frame, number, track), (rgb, mask) = place, shown
    return FoundFace(
        frame=frame,
        pts=frame,
        number=number,
        face=Face(face.box, 1.0, landmarks=face.landmarks),
        frame_to_crop=face.frame_to_crop,
        picture=picture,
        mask=encode_png(mask),
        found_landmarks=face.landmarks,
        origin=Origin.IMPORTED,
        track=track,
        look=_look(face, rgb, mask),
        label=face.label,
    )


def _look(face: ForeignFace, rgb: U8, mask: U8) -> Look:
    """Return what a face's picture shows.

    Raises:
        ForeignFileError: Its landmarks are such that no head can stand behind them.
    """
    try:
        look = look_of(rgb, mask, face.crop(rgb).landmarks, face.frame_to_crop)
    except cv2.error:
        look = None
    if look is None or not np.isfinite(dataclasses.astuple(look)).all():
        raise ForeignFileError(face.where, "its landmarks are not those of a face")
    return look
