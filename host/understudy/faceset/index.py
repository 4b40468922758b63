"""How are faces put into a faceset and read from it?"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from understudy.aside import PART, sync
from understudy.database import close_index, index_error
from understudy.errors import StoreError
from understudy.pictures import decode_picture
from understudy_sdk import Crop, FaceType
from understudy_sdk.geometry import mesh_to_crop, transform_points
from understudy_sdk.types import U8

from .annotations import Annotations
from .labels import Labels
from .masks import MASKED_BY, Masks
from .rows import ClipRow, FaceNote, FaceRow, FoundFace, Origin, from_row, to_row
from .schema import FORMAT, SCHEMA, SELECT_FACES
from .tracks import Tracks

__all__ = ["Faceset"]

_REMAKE: Final = "extract these clips again"

_WRITERS: Final = 8
"""Pictures that are written at a time: nearly all of it is waiting for the disk."""


class Faceset(Annotations, Labels, Masks, Tracks):
    """A faceset on disk; one object per thread and process."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        """Open a faceset, or make an empty one where ``writable``.

        Raises:
            StoreError: When the index is damaged, absent or made by another version.
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
            found = _format_of(self._db)
            if writable and found in {0, FORMAT}:
                self._db.executescript(SCHEMA)
                self._db.execute("insert or ignore into meta values ('format', ?)", (str(FORMAT),))
                self._db.commit()
                found = FORMAT
        except sqlite3.DatabaseError as error:
            raise index_error(path, error, _REMAKE) from error
        if found != FORMAT:
            self._db.close()
            age = "a newer" if found > FORMAT else "an older"
            raise StoreError(f"{path} was made by {age} Understudy\n  use that version, or extract these faces again")

    def __enter__(self) -> Faceset:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the index.

        Raises:
            StoreError: When the block ended because it could not be read or written.
        """
        close_index(self._db, self.folder / "index.sqlite", _REMAKE, error)

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

    def clips(self) -> list[ClipRow]:
        """Return the clips there are faces of, in the order they were entered."""
        query = "select id, fingerprint, name, time_base, frames, width, height from clip order by id"
        return [
            ClipRow(number, key, name, Fraction(base), frames, width, height)
            for number, key, name, base, frames, width, height in self._db.execute(query)
        ]

    def finished_chunks(self, clip: int) -> dict[int, str]:
        """Return from which faces each of a clip's finished chunks was cut, by its first frame."""
        query = "select first, made_from from chunk where clip = ?"
        return dict(self._db.execute(query, (clip,)).fetchall())

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

    def finished_spans(self, fingerprint: str) -> list[tuple[int, int]]:
        """Return a clip's finished chunks: first frame and the frame after the last."""
        query = "select first, stop from chunk join clip on clip.id = chunk.clip where fingerprint = ? order by first"
        return self._db.execute(query, (fingerprint,)).fetchall()

    def origins(self, fingerprint: str) -> dict[str, int]:
        """Return how many faces of a clip came to be known in each way."""
        of_clip = "from face join clip on clip.id = face.clip where fingerprint = ?"
        found = dict(self._db.execute(f"select origin, count(*) {of_clip} group by origin", (fingerprint,)).fetchall())
        return {str(origin): int(found.get(origin, 0)) for origin in Origin}

    def undecodable(self, fingerprint: str) -> list[int]:
        """Return the positions of a clip's frames that could not be decoded."""
        rows = self._db.execute(
            "select undecodable from chunk join clip on clip.id = chunk.clip where fingerprint = ? order by first",
            (fingerprint,),
        )
        return [position for row in rows for position in json.loads(row[0])]

    def add_chunk(
        self, clip: int, span: tuple[int, int], faces: Sequence[FoundFace], shape: tuple[FaceType, int, str], *,
        undecodable: Sequence[int] = (), made_from: str = "",
    ) -> None:  # fmt: skip
        """Put a finished chunk in, in place of what it held: pictures first, then rows and mark in one transaction.

        A face that was set aside stays so if it is still there, in the same box; a label stays with a face that
        is still about there.

        Args:
            clip: The clip's number.
            span: First frame and the frame after the last.
            faces: What was found.
            shape: The crops' face type, side, and file suffix such as ``.png``.
            undecodable: Positions of frames that could not be decoded.
            made_from: Names the faces it was cut from; see ``finished_chunks``.
        """
        stem, time_base = self._db.execute("select name, time_base from clip where id = ?", (clip,)).fetchone()
        rows = []
        for found in faces:
            name = f"{clip:03d}-{Path(stem).stem}_{found.frame:07d}_{found.number}{shape[2]}"
            rows.append(to_row(name, clip, Fraction(time_base), found, shape[:2]))
        with ThreadPoolExecutor(_WRITERS, thread_name_prefix="write") as pool:
            paths = [self.pictures / row[0] for row in rows]
            list(pool.map(_write_synced, paths, [found.picture for found in faces]))
        sync(self.pictures)
        places = (clip, span[0], span[1] - 1)
        query = "select name, x0, y0, x1, y1 from face where clip = ? and frame between ? and ?"
        before = {name: box for name, *box in self._db.execute(query, places)}
        gone = before.keys() - {row[0] for row in rows}
        marked = {row[0] for row in rows if before.get(row[0]) == list(row[7:11])}  # the same face, cut anew
        with self._db:
            self._db.executemany("delete from mark where name = ?", [(name,) for name in before.keys() - marked])
            self._db.executemany("delete from measure where name = ?", [(name,) for name in before])
            self._drop_gone_labels(before, {row[0]: row[7:11] for row in rows})
            self._insert_labels({row[0]: one.label for row, one in zip(rows, faces, strict=True) if one.label})
            self._db.execute("delete from face where clip = ? and frame between ? and ?", places)
            self._db.executemany(f"insert into face values ({','.join('?' * 25)})", rows)  # noqa: S608
            self._db.execute(
                "insert or replace into chunk values (?,?,?,?,?)",
                (clip, *span, json.dumps(list(undecodable)), made_from),
            )
        for name in gone:
            (self.pictures / name).unlink(missing_ok=True)

    def drop_rows_without_picture(self) -> int:
        """Drop the rows whose picture somebody deleted, and return how many."""
        present = {entry.name for entry in os.scandir(self.pictures)}
        gone = [row for row in self._db.execute("select name from face") if row[0] not in present]
        with self._db:
            for table in ("face", "mark", "measure", "label"):
                self._db.executemany(f"delete from {table} where name = ?", gone)  # noqa: S608
        return len(gone)

    def notes(self, fingerprints: Iterable[str]) -> list[FaceNote]:
        """Return what there is of the given clips, in the order of clips and frames; small, also for a long clip.

        A face whose picture was deleted is left out.
        """
        present = {entry.name for entry in os.scandir(self.pictures)} if self.pictures.is_dir() else set()
        query = (
            "select face.name, fingerprint, frame, (x1 - x0) * (y1 - y0), track, mark.name is not null"
            " from face join clip on clip.id = face.clip left join mark on mark.name = face.name"
            " where fingerprint = ? order by frame, face"
        )
        found = (
            FaceNote(name, key, frame, area, track, bool(is_marked))
            for fingerprint in fingerprints
            for name, key, frame, area, track, is_marked in self._db.execute(query, (fingerprint,))
        )
        return [note for note in found if note.name in present]

    def rows(self, fingerprint: str, first: int = 0, stop: int | None = None) -> list[FaceRow]:
        """Return the faces of a clip's frames from ``first`` up to, not including, ``stop``, in their order.

        A face whose picture was deleted is left out.
        """
        last = sys.maxsize if stop is None else stop - 1
        found = self._db.execute(
            f"{SELECT_FACES} where fingerprint = ? and frame between ? and ? order by frame, face",
            (fingerprint, first, last),
        )
        return [from_row(row) for row in found if (self.pictures / row[0]).is_file()]

    def row(self, name: str) -> FaceRow:
        """Return one face by the name of its picture."""
        return from_row(self._db.execute(f"{SELECT_FACES} where face.name = ?", (name,)).fetchone())

    def picture(self, row: FaceRow) -> U8:
        """Return a face's picture: uint8 (S, S, 3), RGB.

        Raises:
            StoreError: When the file is damaged; it is named.
        """
        return decode_picture((self.pictures / row.name).read_bytes(), str(self.pictures / row.name))

    def crop(self, row: FaceRow) -> Crop:
        """Return a face as the crop it was stored as."""
        landmarks = transform_points(row.frame_to_crop, row.landmarks).astype(np.float32)
        mesh = None if row.face.mesh is None else mesh_to_crop(row.frame_to_crop, row.face.mesh)
        return Crop(self.picture(row), row.frame_to_crop, row.face_type, landmarks, mesh)

    def face_types(self) -> set[FaceType]:
        """Return which face types there are crops of."""
        return {FaceType(row[0]) for row in self._db.execute("select distinct face_type from face")}

    def stamp(self, fingerprints: Iterable[str]) -> str:
        """Return a text that changes when faces of these clips are cut anew from other landmarks, or masked anew."""
        query = "select made_from from chunk join clip on clip.id = chunk.clip where fingerprint = ? order by first"
        found = [row[0] for key in fingerprints for row in self._db.execute(query, (key,))]
        masked_by = self.value(MASKED_BY)
        found += [] if masked_by is None else [masked_by]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()

    def span_stamps(self, fingerprint: str, first: int, stop: int) -> dict[str, str]:
        """Return a text for every face of a span of frames, by name, that changes with its landmarks or its mesh.

        A mesh may change alone: where a person moves the box from which the aligner takes it.
        """
        query = (
            "select face.name, landmarks, mesh from face join clip on clip.id = face.clip"
            " where fingerprint = ? and frame >= ? and frame < ? order by frame, face"
        )
        found = self._db.execute(query, (fingerprint, first, stop))
        return {name: hashlib.sha256(points.encode() + (mesh or b"")).hexdigest() for name, points, mesh in found}

    def all_rows(self) -> Iterator[FaceRow]:
        """Yield every face whose picture is there, in the order of clips and frames; read few at a time."""
        for clip in self.clips():
            for first in range(0, clip.frames, 256):
                yield from self.rows(clip.fingerprint, first, first + 256)


def _format_of(database: sqlite3.Connection) -> int:
    """Return an index's version, 0 where there is none yet."""
    if database.execute("select 1 from sqlite_master where name = 'meta'").fetchone() is None:
        return 0
    row = database.execute("select value from meta where key = 'format'").fetchone()
    return int(row[0]) if row and str(row[0]).isdecimal() else 0


def _write_synced(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + PART)
    part.write_bytes(content)
    sync(part)
    part.replace(path)  # the folder is synced once for all of a chunk's pictures
