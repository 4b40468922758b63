"""What is said about the faces of a faceset: who they are, which are set aside, what was measured?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

import numpy as np

from understudy_sdk.types import F32

__all__ = ["Annotations"]


class Annotations:
    """The part of a faceset's index that tools write to; no face comes or goes by it."""

    _db: sqlite3.Connection

    def people(self) -> dict[int, tuple[str, F32]]:
        """Return who each track is taken for, and the vector that says how the person looks."""
        found = self._db.execute("select track, person, embedding from person order by track")
        return {row[0]: (row[1], np.frombuffer(row[2], "<f4").astype(np.float32)) for row in found}

    def set_people(self, people: Mapping[int, tuple[str, F32]]) -> None:
        """Say who each track is taken for, in place of what was said before."""
        rows = [(track, name, vector.astype("<f4").tobytes()) for track, (name, vector) in people.items()]
        with self._db:
            self._db.execute("delete from person")
            self._db.executemany("insert into person values (?,?,?)", rows)

    def mark(self, names: Iterable[str], reason: str) -> int:
        """Set faces aside, and return how many were not set aside before; ``unmark`` takes it back."""
        batch = 1 + int(self._db.execute("select coalesce(max(batch), 0) from mark").fetchone()[0])
        with self._db:
            before = self._db.total_changes
            self._db.executemany("insert or ignore into mark values (?,?,?)", [(name, reason, batch) for name in names])
            return self._db.total_changes - before

    def unmark(self, *, everything: bool = False) -> int:
        """Take back what the last ``mark`` set aside, or all of them, and return how many faces it was."""
        which = "" if everything else " where batch = (select max(batch) from mark)"
        with self._db:
            return int(self._db.execute(f"delete from mark{which}").rowcount)  # noqa: S608

    def measures(self, metric: str) -> dict[str, float]:
        """Return what was measured by a metric, by the name of the picture."""
        return dict(self._db.execute("select name, value from measure where metric = ?", (metric,)).fetchall())

    def set_measures(self, metric: str, values: Mapping[str, float]) -> None:
        """Keep what was measured by a metric."""
        rows = [(name, metric, float(value)) for name, value in values.items()]
        with self._db:
            self._db.executemany("insert or replace into measure values (?,?,?)", rows)

    def value(self, key: str) -> str | None:
        """Return a value kept beside the faces, or None."""
        row = self._db.execute("select value from meta where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_value(self, key: str, value: str) -> None:
        """Keep a value beside the faces."""
        with self._db:
            self._db.execute("insert or replace into meta values (?,?)", (key, value))
