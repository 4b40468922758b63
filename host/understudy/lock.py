"""How is a folder kept from being worked on by two runs at once?

The operating system holds the lock and drops it when its owner ends, however it ends: a lock never goes stale, and
the file that is left behind holds nothing but who held it last.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from .errors import StoreError

__all__ = ["LOCK_NAME", "locked"]

LOCK_NAME: Final = ".lock"
"""Name of the lock file inside the folder."""

_TAKEN: Final = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""What the operating system answers when another run holds the lock."""


@contextlib.contextmanager
def locked(folder: Path, doing: str) -> Iterator[None]:
    """Hold a folder for one run; it is made if it is not there.

    Args:
        folder: What is locked; the file ``.lock`` in it carries the lock.
        doing: What the run does, in the words a second run is told, such as ``training``.

    Raises:
        StoreError: When another run holds it (its process is named), or the folder cannot be locked.
    """
    with _open(folder) as file:
        _take(file, folder)
        try:
            _sign(file, doing)
            yield
        finally:
            file.truncate(0)
            _drop(file)


def _open(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / LOCK_NAME).open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}\n"
            f"  make that folder writable, or put the project where it is"
        ) from error


def _take(file: TextIO, folder: Path) -> None:
    try:
        _lock(file)
    except OSError as error:
        if error.errno in _TAKEN:
            raise StoreError(
                f"{folder} is in use: {_holder(file)}\n  wait until it has finished, or stop it"
            ) from error
        raise StoreError(
            f"{folder} cannot be locked: {error.strerror or error}\n"
            f"  its disk offers no file locks; put the project on one that does"
        ) from error


def _sign(file: TextIO, doing: str) -> None:
    file.truncate(0)
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "doing": doing}, file)
    file.flush()


def _holder(file: TextIO) -> str:
    """Say who holds the lock, as far as its file tells."""
    try:
        file.seek(0)
        signed = json.load(file)
        return f"process {signed['pid']} on {signed['host']} is {signed['doing']}"
    except (OSError, ValueError, KeyError, TypeError):  # locked, but not signed yet, or unreadable while it is locked
        return "another process holds it"


if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 30  # a byte beyond the text, which stays readable for others

    def _lock(file: TextIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _drop(file: TextIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: TextIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _drop(file: TextIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
