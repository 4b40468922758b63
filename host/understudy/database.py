"""What is to be done when an index (SQLite) cannot be read or written?"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from .errors import StoreError

__all__ = ["close_index", "index_error"]

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE: Final = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM,
}  # fmt: skip


def index_error(path: Path, error: sqlite3.DatabaseError, remake: str) -> StoreError:
    """Return an error in words.

    Args:
        path: The index.
        error: What SQLite said.
        remake: What happens when the folder around the index is deleted: ``search these clips again``.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more about the same
    if code in _BUSY:
        return StoreError(
            f"{path} cannot be used now: {error}\n"
            f"  wait until the run that works on it has ended; what was saved before is kept"
        )
    if code in _UNWRITABLE:
        return StoreError(
            f"{path} cannot be written: {error}\n"
            f"  free some space or make the folder writable, and run again; what was saved before is kept"
        )
    return StoreError(f"{path} is damaged: {error}\n  delete {path.parent} to {remake}")


def close_index(database: sqlite3.Connection, path: Path, remake: str, error: BaseException | None) -> None:
    """Close an index at the end of a ``with`` block; see ``index_error`` for the arguments.

    Raises:
        StoreError: When the block ended because SQLite could not read or write.
    """
    database.close()
    if isinstance(error, sqlite3.DatabaseError):
        raise index_error(path, error, remake) from error
