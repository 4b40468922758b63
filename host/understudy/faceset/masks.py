"""How do all faces of a faceset get other masks at once?"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["MASKED_BY", "Masks", "PendingMasks"]

MASKED_BY: Final = "masked_by"
"""Under it a faceset keeps what made its masks, where they are not those it was cut with."""


class PendingMasks:
    """New masks on their way, in a file of their own, so that a run that was stopped goes on where it was.

    They belong to what makes them: those of another masker are thrown away when the file is opened.
    """

    def __init__(self, path: Path, made_by: str) -> None:
        """Open or make the file."""
        self.path, self.made_by = path, made_by
        self._db = sqlite3.connect(path)
        self._db.executescript(
            "create table if not exists maker (made_by text);"
            "create table if not exists new_mask ("
            " name text primary key, mask blob not null, sharpness real not null, brightness real not null)"
            " without rowid;"
        )
        if self._db.execute("select made_by from maker").fetchone() != (made_by,):
            with self._db:
                self._db.execute("delete from maker")
                self._db.execute("delete from new_mask")
                self._db.execute("insert into maker values (?)", (made_by,))

    def done(self) -> set[str]:
        """Return the names of the faces that have their new mask."""
        return {row[0] for row in self._db.execute("select name from new_mask")}

    def add(self, rows: Iterable[tuple[str, bytes, float, float]]) -> None:
        """Keep masks: name of the picture, 8-bit grey PNG, and sharpness and brightness under it."""
        with self._db:
            self._db.executemany("insert or replace into new_mask values (?,?,?,?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Masks:
    """The part of a faceset's index that is about masks."""

    _db: sqlite3.Connection

    def mask_png(self, name: str) -> bytes:
        """Return a face's mask as 8-bit grey PNG."""
        return bytes(self._db.execute("select mask from face where name = ?", (name,)).fetchone()[0])

    def mask_stamps(self, fingerprint: str, first: int, stop: int) -> dict[str, str]:
        """Return a text for every face of a span of a clip's frames, by name, that changes with its mask."""
        query = (
            "select face.name, mask from face join clip on clip.id = face.clip"
            " where fingerprint = ? and frame >= ? and frame < ? order by frame, face"
        )
        found = self._db.execute(query, (fingerprint, first, stop))
        return {name: hashlib.sha256(mask).hexdigest() for name, mask in found}

    def take_masks(self, pending: PendingMasks) -> int:
        """Give faces the masks of a file, all at once, and return how many; what was measured by the old ones goes."""
        pending.close()
        self._db.execute("attach database ? as pending", (str(pending.path),))
        try:
            with self._db:
                changed = self._db.execute(
                    "update face set (mask, sharpness, brightness) = ("
                    " select mask, sharpness, brightness from pending.new_mask where pending.new_mask.name = face.name)"
                    " where name in (select name from pending.new_mask)"
                ).rowcount
                self._db.execute("delete from measure where name in (select name from pending.new_mask)")
                self._db.execute("insert or replace into meta values (?,?)", (MASKED_BY, pending.made_by))
        finally:
            self._db.execute("detach database pending")
        return int(changed)
