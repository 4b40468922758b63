"""Which faces over time has a faceset, and which faces has each?"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator

from .rows import FaceRow, TrackRow, from_row
from .schema import SELECT_FACES, TOUCHING

__all__ = ["Tracks"]


class Tracks:
    """The part of a faceset's index that is about tracks."""

    _db: sqlite3.Connection

    def tracks(self, only: int | None = None) -> list[TrackRow]:
        """Return the faces over time, in the order of their numbers; ``only`` one of them, where it is given."""
        query = (
            "select face.track, fingerprint, clip.name, min(frame), max(frame), count(*), sum(origin = 'filled'),"
            " coalesce(person.person, '') from face join clip on clip.id = face.clip"
            " left join person on person.track = face.track where face.track between ? and ? group by face.track"
            " order by face.track"
        )
        span = (0, sys.maxsize) if only is None else (only, only)
        return [TrackRow(*row) for row in self._db.execute(query, span)]

    def track_rows(self, track: int, first: int = 0, stop: int | None = None) -> list[FaceRow]:
        """Return a track's faces, also those whose picture was deleted, of ``first`` up to, not including, ``stop``."""
        query = f"{SELECT_FACES} where face.track = ? and frame between ? and ? order by frame"
        found = self._db.execute(query, (track, first, sys.maxsize if stop is None else stop - 1))
        return [from_row(row) for row in found]

    def renumber_tracks(self, clip: int, first: int) -> int:
        """Number a clip's tracks from ``first`` on, in the order they have, and return the number after the last."""
        query = "select distinct track from face where clip = ? and track >= 0 order by track"
        old = [row[0] for row in self._db.execute(query, (clip,))]
        new = range(first, first + len(old))
        if old != list(new):
            with self._db:  # below zero first, so that no two have one number on the way
                pairs = [(-2 - after, clip, before) for after, before in zip(new, old, strict=True)]
                self._db.executemany("update face set track = ? where clip = ? and track = ?", pairs)
                self._db.execute("update face set track = -2 - track where clip = ? and track < -1", (clip,))
        return new.stop

    def track_stamp(self, fingerprints: Iterable[str]) -> str:
        """Return a text that changes when tracks of these clips come, go, get another number or hold other faces."""
        query = (
            "select track, count(*), min(frame), total(x0), total(y0) from face join clip on clip.id = face.clip"
            " where fingerprint = ? and track >= 0 group by track order by track"
        )
        found = [(key, self._db.execute(query, (key,)).fetchall()) for key in fingerprints]
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    def touching(self, fingerprint: str, track: int) -> Iterator[FaceRow]:
        """Yield the other faces of a clip whose boxes touch, in some frame, the box of a track's face."""
        for row in self._db.execute(f"{SELECT_FACES} where face.name in ({TOUCHING})", (track, fingerprint)):
            yield from_row(row)

    def set_tracks(self, clip: int, tracks: Iterable[tuple[int, int, int]]) -> None:
        """Give faces of a clip their tracks: position of the frame, number in it, track."""
        with self._db:
            self._db.executemany(
                "update face set track = ? where clip = ? and frame = ? and face = ? and track <> ?",
                [(track, clip, frame, number, track) for frame, number, track in tracks],
            )
