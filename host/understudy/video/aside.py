"""How does a media file appear whole or not at all?"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from understudy.aside import PART, sync
from understudy.errors import MediaError

__all__ = ["begin_aside", "drop_aside", "explaining", "settle_aside", "written_aside"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MISPLACED = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EISDIR})


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Lend ``path`` with ``.part`` at its end to write to; what was written there takes its place, synced, at the end.

    If the block raises, the part is removed and ``path`` stays as it was.

    Raises:
        MediaError: If the file cannot be written.
    """
    part = begin_aside(path)
    try:
        with explaining(path):
            yield part
        settle_aside(part, path)
    except BaseException:
        drop_aside(part)
        raise


def begin_aside(path: Path) -> Path:
    """Make the folder of ``path`` and name the file to write instead of it."""
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + PART)


def settle_aside(part: Path, path: Path) -> None:
    """Bring the part to the disk and into its place."""
    with explaining(path):
        sync(part)
        part.replace(path)
        sync(path.parent)


def drop_aside(part: Path) -> None:
    """Remove a part that will not be finished."""
    with suppress(OSError):
        part.unlink()


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn failures to write ``path`` into words.

    Raises:
        MediaError: If the disk is full, or the file may or can not be written.
    """
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: OSError | av.FFmpegError) -> MediaError:
    if error.errno in _FULL:
        return MediaError(path, "the disk is full", "free some space there and run again; finished work is kept")
    if error.errno in _FORBIDDEN:
        return MediaError(path, "may not be written", "give yourself the right to write to its folder, or name another")
    if error.errno in _MISPLACED:
        return MediaError(path, "a file stands where a folder should, or the reverse", "name another path")
    reason = error.strerror or str(error)
    return MediaError(path, f"cannot be written ({reason})", "see whether its folder can be written to")
