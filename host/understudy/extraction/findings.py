"""Where were faces seen in a clip, before anything is made of it?

An SQLite index (WAL mode) in a folder of its own: per frame its time and a tiny signature, per face box, score,
landmarks with their extent, and mesh, raw little-endian float32. A chunk of frames appears whole, in one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from understudy.database import close_index, index_error
from understudy.errors import StoreError
from understudy.faceset import Origin
from understudy_sdk import Face
from understudy_sdk.types import F32, U8

__all__ = ["FORMAT", "Findings", "SeenFace", "SeenFrame", "extent_of"]

FORMAT: Final = 1
_REMAKE: Final = "search these clips again"

_SCHEMA: Final = """
create table if not exists meta (key text primary key, value text) without rowid;
create table if not exists clip (id integer primary key, fingerprint text unique not null, name text not null);
create table if not exists chunk (
  clip integer not null references clip(id), first integer not null, stop integer not null,
  undecodable text not null, primary key (clip, first)) without rowid;
create table if not exists frame (
  clip integer not null, frame integer not null, pts integer not null, signature blob not null,
  primary key (clip, frame)) without rowid;
create table if not exists face (
  clip integer not null, frame integer not null, face integer not null, score real not null, x0 real not null,
  y0 real not null, x1 real not null, y1 real not null, origin text not null,
  left real not null, top real not null, right real not null, bottom real not null, landmarks blob not null, mesh blob,
  primary key (clip, frame, face)) without rowid;
create table if not exists made (
  clip integer not null, frame integer not null, made_from text not null, score real not null, x0 real not null,
  y0 real not null, x1 real not null, y1 real not null, landmarks blob, mesh blob,
  primary key (clip, frame, made_from)) without rowid;
"""


@dataclass(frozen=True, slots=True, eq=False)
class SeenFace:
    """A face as it was seen, and how it came to be known."""

    face: Face
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrame:
    """What was seen in a frame.

    Attributes:
        frame: Position in the clip.
        pts: Presentation time.
        signature: uint8 (K,), by which cuts are told.
        faces: Best score first.
    """

    frame: int
    pts: int
    signature: U8
    faces: tuple[SeenFace, ...]


class Findings:
    """The index of a faceset's seen faces; one object per thread and process."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        """Open the index, or make an empty one where ``writable``.

        Raises:
            StoreError: When it is damaged, absent or made by a newer version.
        """
        self._path = path = folder / "found.sqlite"
        if not writable and not path.is_file():
            raise StoreError(f"{folder} holds no found faces\n  run the extract phase first")
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
            raise index_error(path, error, _REMAKE) from error
        if found is None or int(found[0]) > FORMAT:
            raise StoreError(f"{path} was made by a newer Understudy\n  install that version, or delete {folder}")

    def __enter__(self) -> Findings:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the index.

        Raises:
            StoreError: When the block ended because it could not be read or written.
        """
        close_index(self._db, self._path, _REMAKE, error)

    def register_clip(self, fingerprint: str, name: str) -> int:
        """Return the number of a clip in this index, entering it where it is new."""
        self._db.execute("insert or ignore into clip(fingerprint, name) values (?,?)", (fingerprint, name))
        self._db.commit()
        return self.clip_number(fingerprint)

    def clip_number(self, fingerprint: str) -> int:
        """Return the number of a clip in this index, or -1."""
        row = self._db.execute("select id from clip where fingerprint = ?", (fingerprint,)).fetchone()
        return -1 if row is None else int(row[0])

    def finished_chunks(self, clip: int) -> set[int]:
        """Return the first frames of a clip's finished chunks."""
        return {row[0] for row in self._db.execute("select first from chunk where clip = ?", (clip,))}

    def frames_done(self, fingerprint: str) -> int:
        """Return how many frames of a clip were searched."""
        query = "select coalesce(sum(stop - first), 0) from chunk where clip = ?"
        return int(self._db.execute(query, (self.clip_number(fingerprint),)).fetchone()[0])

    def undecodable(self, clip: int, first: int, stop: int) -> list[int]:
        """Return the positions of a span's frames that could not be decoded."""
        rows = self._db.execute(
            "select undecodable from chunk where clip = ? and first < ? and stop > ? order by first",
            (clip, stop, first),
        )
        return [position for row in rows for position in json.loads(row[0]) if first <= position < stop]

    def unlike(self, clip: int) -> dict[int, str]:
        """Return, by position, what those frames of a clip are that are not what it began as: ``640 x 360``."""
        query = "select value from meta where key glob ? order by key"
        rows = self._db.execute(query, (f"unlike:{clip}:*",)).fetchall()
        return {int(frame): words for row in rows for frame, words in json.loads(row[0]).items()}

    def add_chunk(
        self, clip: int, span: tuple[int, int], frames: Sequence[SeenFrame], undecodable: Sequence[int],
        unlike: Mapping[int, str],
    ) -> None:  # fmt: skip
        """Put a finished chunk in, in one transaction; see ``unlike`` for the last argument."""
        seen = [(clip, frame.frame, frame.pts, frame.signature.tobytes()) for frame in frames]
        faces = [
            (clip, frame.frame, number, one.face.score, *(float(edge) for edge in one.face.box), str(one.origin),
             *extent_of(one.face), _blob(one.face.landmarks), _blob(one.face.mesh))
            for frame in frames
            for number, one in enumerate(frame.faces)
        ]  # fmt: skip
        with self._db:
            self._db.executemany("insert or replace into frame values (?,?,?,?)", seen)
            self._db.executemany(f"insert or replace into face values ({','.join('?' * 15)})", faces)  # noqa: S608
            if unlike:
                key = f"unlike:{clip}:{span[0]:08d}"
                self._db.execute("insert or replace into meta values (?,?)", (key, json.dumps(unlike)))
            self._db.execute("insert or replace into chunk values (?,?,?,?)", (clip, *span, json.dumps([*undecodable])))

    def times(self, clip: int) -> dict[int, int]:
        """Return the presentation time of every frame that could be decoded, by its position."""
        return dict(self._db.execute("select frame, pts from frame where clip = ? order by frame", (clip,)).fetchall())

    def signatures(self, clip: int) -> Iterator[tuple[int, U8]]:
        """Yield the position and signature of every frame that could be decoded, in order."""
        rows = self._db.execute("select frame, signature from frame where clip = ? order by frame", (clip,))
        return ((frame, np.frombuffer(signature, np.uint8)) for frame, signature in rows)

    def extents(self, clip: int) -> list[tuple[int, int, float, float, float, float, float]]:
        """Return frame, number, score and landmarks' extent of every face of a clip; small, also for a long one."""
        query = "select frame, face, score, left, top, right, bottom from face where clip = ? order by frame, face"
        return self._db.execute(query, (clip,)).fetchall()

    def made(self, clip: int, frame: int, made_from: str) -> Face | None:
        """Return what the aligner made of a face put in by hand, or None where it was not asked yet."""
        query = "select score, x0, y0, x1, y1, landmarks, mesh from made where clip = ? and frame = ? and made_from = ?"
        row = self._db.execute(query, (clip, frame, made_from)).fetchone()
        return None if row is None else _face(*row)

    def keep_made(self, clip: int, frame: int, made_from: str, face: Face) -> None:
        """Keep what the aligner made of a face put in by hand; a face without landmarks says that it saw none."""
        box = [float(edge) for edge in face.box]
        row = (clip, frame, made_from, face.score, *box, _blob(face.landmarks), _blob(face.mesh))
        with self._db:
            self._db.execute("insert or replace into made values (?,?,?,?,?,?,?,?,?,?)", row)

    def faces(self, clip: int, first: int, stop: int) -> Iterator[tuple[int, int, SeenFace]]:
        """Yield position, number and face of a span of frames, in their order."""
        query = "select frame, face, score, x0, y0, x1, y1, origin, landmarks, mesh from face"
        rows = self._db.execute(
            f"{query} where clip = ? and frame >= ? and frame < ? order by frame, face", (clip, first, stop)
        )
        for frame, number, score, x0, y0, x1, y1, origin, landmarks, mesh in rows:
            yield frame, number, SeenFace(_face(score, x0, y0, x1, y1, landmarks, mesh), Origin(origin))


def _face(score: float, x0: float, y0: float, x1: float, y1: float, landmarks: Any, mesh: Any) -> Face:
    return Face(
        np.array([x0, y0, x1, y1], np.float32),
        score,
        landmarks=None if landmarks is None else _points(landmarks, 2),
        mesh=None if mesh is None else _points(mesh, 3),
    )


def extent_of(face: Face) -> tuple[float, float, float, float]:
    """Return the box around a face's landmarks; detectors and aligners draw their boxes by other rules."""
    assert face.landmarks is not None
    left, top = face.landmarks.min(axis=0).tolist()
    right, bottom = face.landmarks.max(axis=0).tolist()
    return left, top, right, bottom


def _blob(points: F32 | None) -> bytes | None:
    return None if points is None else points.astype("<f4").tobytes()


def _points(content: Any, dimensions: int) -> F32:
    return np.frombuffer(content, "<f4").reshape(-1, dimensions).astype(np.float32)
