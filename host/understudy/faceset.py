"""How are the faces of clips kept: pictures in a folder, and an index that says where each came from?

A faceset is ``faces/*.png`` beside ``index.sqlite`` (WAL mode). Its tables are plain: numbers are columns, landmarks
and matrices JSON, the mask a PNG, the mesh raw little-endian float32. Any program may look at the pictures, query the
index, or delete pictures: a deleted picture's row is dropped the next time the faceset is opened. A chunk of frames
appears whole: its pictures are renamed into place first, then all its rows and its mark are one transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from understudy_sdk import Crop, Face, FaceType
from understudy_sdk.geometry import transform_points
from understudy_sdk.types import F32, F64, U8

from .aside import PART, sync
from .errors import StoreError
from .pictures import decode_png

__all__ = ["FORMAT", "FaceNote", "FaceRow", "Faceset", "FoundFace"]

FORMAT: Final = 1
"""Version of the index."""

_SCHEMA: Final = """
create table if not exists meta (key text primary key, value text) without rowid;
create table if not exists clip (
  id integer primary key, fingerprint text unique not null, name text not null, time_base text not null,
  frames integer not null, width integer not null, height integer not null);
create table if not exists chunk (
  clip integer not null references clip(id), first integer not null, stop integer not null,
  undecodable text not null, primary key (clip, first)) without rowid;
create table if not exists face (
  name text primary key, clip integer not null references clip(id), frame integer not null, face integer not null,
  pts integer not null, time_s real not null, score real not null,
  x0 real not null, y0 real not null, x1 real not null, y1 real not null,
  face_type text not null, size integer not null, frame_to_crop text not null, landmarks text not null,
  mesh blob, mask blob not null) without rowid;
create index if not exists face_by_time on face(clip, frame, face);
"""


_SELECT: Final = """
select face.name, fingerprint, clip.name, frame, pts, time_base, score, x0, y0, x1, y1, face_type, size,
  frame_to_crop, landmarks, mesh from face join clip on clip.id = face.clip"""


@dataclass(frozen=True, slots=True)
class FaceNote:
    """What choosing among faces needs to know of one.

    Attributes:
        name: File name of the picture in ``faces/``.
        fingerprint: Of the clip it comes from.
        frame: Position of its frame in the clip.
        area: Of its box, in square px.
    """

    name: str
    fingerprint: str
    frame: int
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """A face as extraction hands it over: where it was found, its encoded picture and mask.

    Attributes:
        frame: Position of its frame in the clip.
        pts: Presentation time of that frame.
        number: 0 for the frame's first face.
        face: Box, score, landmarks and mesh, in frame pixels.
        frame_to_crop: float64 (2, 3).
        picture: The crop as PNG.
        mask: The mask as 8-bit grey PNG.
    """

    frame: int
    pts: int
    number: int
    face: Face
    frame_to_crop: F64
    picture: bytes
    mask: bytes


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

    @property
    def landmarks(self) -> F32:
        """float32 (68, 2), in frame pixels."""
        assert self.face.landmarks is not None
        return self.face.landmarks

    @property
    def area(self) -> float:
        """Area of the box in square px."""
        x0, y0, x1, y1 = self.face.box.tolist()
        return float((x1 - x0) * (y1 - y0))


class Faceset:
    """A faceset on disk; one object per thread and process."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        """Open a faceset, or make an empty one where ``writable``.

        Raises:
            StoreError: When the index is damaged, absent or made by a newer version.
        """
        self.folder = folder
        self.pictures = folder / "faces"
        path = folder / "index.sqlite"
        if writable:
            self.pictures.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            raise StoreError(f"{folder} holds no faceset\n  run the extract phase first")
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            if writable:
                self._db.executescript(_SCHEMA)
                self._db.execute("insert or ignore into meta values ('format', ?)", (str(FORMAT),))
                self._db.commit()
            found = self._db.execute("select value from meta where key = 'format'").fetchone()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{path} is damaged: {error}\n  delete {folder} to extract these clips again") from error
        if found is None or int(found[0]) > FORMAT:
            raise StoreError(f"{path} was made by a newer Understudy\n  install that version, or delete {folder}")

    def __enter__(self) -> Faceset:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the index."""
        self._db.close()

    def register_clip(
        self, fingerprint: str, name: str, time_base: Fraction, frames: int, size: tuple[int, int]
    ) -> int:
        """Return the number of a clip in this index, entering it where it is new; ``size`` is width, height."""
        self._db.execute(
            "insert or ignore into clip(fingerprint, name, time_base, frames, width, height) values (?,?,?,?,?,?)",
            (fingerprint, name, str(time_base), frames, *size),
        )
        self._db.commit()
        return int(self._db.execute("select id from clip where fingerprint = ?", (fingerprint,)).fetchone()[0])

    def finished_chunks(self, clip: int) -> set[int]:
        """Return the first frames of a clip's finished chunks."""
        return {row[0] for row in self._db.execute("select first from chunk where clip = ?", (clip,))}

    def progress(self, fingerprint: str) -> tuple[int, int]:
        """Return how many frames of a clip are finished, and how many faces they hold."""
        frames = self._db.execute(
            "select coalesce(sum(stop - first), 0) from chunk join clip on clip.id = chunk.clip where fingerprint = ?",
            (fingerprint,),
        ).fetchone()[0]
        faces = self._db.execute(
            "select count(*) from face join clip on clip.id = face.clip where fingerprint = ?", (fingerprint,)
        ).fetchone()[0]
        return int(frames), int(faces)

    def undecodable(self, fingerprint: str) -> list[int]:
        """Return the positions of a clip's frames that could not be decoded."""
        rows = self._db.execute(
            "select undecodable from chunk join clip on clip.id = chunk.clip where fingerprint = ? order by first",
            (fingerprint,),
        )
        return [position for row in rows for position in json.loads(row[0])]

    def add_chunk(
        self, clip: int, span: tuple[int, int], faces: Sequence[FoundFace], shape: tuple[FaceType, int],
        undecodable: Sequence[int],
    ) -> None:  # fmt: skip
        """Put a finished chunk in: its pictures first, then its rows and its mark in one transaction.

        Args:
            clip: The clip's number.
            span: First frame and the frame after the last.
            faces: What was found.
            shape: The crops' face type and side.
            undecodable: Positions of frames that could not be decoded.
        """
        stem, time_base = self._db.execute("select name, time_base from clip where id = ?", (clip,)).fetchone()
        rows = []
        for found in faces:
            name = f"{clip:03d}-{Path(stem).stem}_{found.frame:07d}_{found.number}.png"
            _write_synced(self.pictures / name, found.picture)
            rows.append(_to_row(name, clip, Fraction(time_base), found, shape))
        sync(self.pictures)
        with self._db:
            self._db.executemany(f"insert or replace into face values ({','.join('?' * 17)})", rows)  # noqa: S608
            self._db.execute(
                "insert or replace into chunk values (?,?,?,?)", (clip, *span, json.dumps(list(undecodable)))
            )

    def drop_rows_without_picture(self) -> int:
        """Drop the rows whose picture somebody deleted, and return how many."""
        present = {entry.name for entry in os.scandir(self.pictures)}
        gone = [row for row in self._db.execute("select name from face") if row[0] not in present]
        with self._db:
            self._db.executemany("delete from face where name = ?", gone)
        return len(gone)

    def notes(self, fingerprints: Iterable[str]) -> list[FaceNote]:
        """Return what there is of the given clips, in the order of clips and frames; small, also for a long clip.

        A face whose picture was deleted is left out.
        """
        present = {entry.name for entry in os.scandir(self.pictures)} if self.pictures.is_dir() else set()
        query = (
            "select face.name, fingerprint, frame, (x1 - x0) * (y1 - y0) from face join clip on clip.id = face.clip"
            " where fingerprint = ? order by frame, face"
        )
        found = (FaceNote(*row) for fingerprint in fingerprints for row in self._db.execute(query, (fingerprint,)))
        return [note for note in found if note.name in present]

    def rows(self, fingerprint: str, first: int = 0, stop: int | None = None) -> list[FaceRow]:
        """Return the faces of a clip's frames from ``first`` up to, not including, ``stop``, in their order.

        A face whose picture was deleted is left out.
        """
        last = sys.maxsize if stop is None else stop - 1
        found = self._db.execute(
            f"{_SELECT} where fingerprint = ? and frame between ? and ? order by frame, face",
            (fingerprint, first, last),
        )
        return [_from_row(row) for row in found if (self.pictures / row[0]).is_file()]

    def row(self, name: str) -> FaceRow:
        """Return one face by the name of its picture."""
        return _from_row(self._db.execute(f"{_SELECT} where face.name = ?", (name,)).fetchone())

    def mask_png(self, name: str) -> bytes:
        """Return a face's mask as 8-bit grey PNG."""
        return bytes(self._db.execute("select mask from face where name = ?", (name,)).fetchone()[0])

    def picture(self, row: FaceRow) -> U8:
        """Return a face's picture: uint8 (S, S, 3), RGB.

        Raises:
            StoreError: When the file is damaged; it is named.
        """
        return decode_png((self.pictures / row.name).read_bytes(), str(self.pictures / row.name))

    def crop(self, row: FaceRow) -> Crop:
        """Return a face as the crop it was stored as."""
        landmarks = transform_points(row.frame_to_crop, row.landmarks).astype(np.float32)
        return Crop(self.picture(row), row.frame_to_crop, row.face_type, landmarks)


def _to_row(
    name: str, clip: int, time_base: Fraction, found: FoundFace, shape: tuple[FaceType, int]
) -> tuple[Any, ...]:
    face = found.face
    assert face.landmarks is not None
    mesh = None if face.mesh is None else face.mesh.astype("<f4").tobytes()
    return (
        name, clip, found.frame, found.number, found.pts, float(found.pts * time_base), face.score,
        *(float(edge) for edge in face.box), str(shape[0]), shape[1], json.dumps(found.frame_to_crop.tolist()),
        json.dumps(face.landmarks.astype(np.float64).tolist()), mesh, found.mask,
    )  # fmt: skip


def _from_row(row: tuple[Any, ...]) -> FaceRow:
    name, fingerprint, clip_name, frame, pts, time_base, score, *box, face_type, size, affine, landmarks, mesh = row
    face = Face(
        np.array(box, np.float32),
        score,
        landmarks=np.array(json.loads(landmarks), np.float32),
        mesh=None if mesh is None else np.frombuffer(mesh, "<f4").reshape(-1, 3).astype(np.float32),
    )
    matrix = np.array(json.loads(affine), np.float64)
    return FaceRow(
        name, fingerprint, clip_name, frame, pts, Fraction(time_base), face, FaceType(face_type), size, matrix
    )


def _write_synced(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + PART)
    part.write_bytes(content)
    sync(part)
    part.replace(path)  # the folder is synced once for all of a chunk's pictures
