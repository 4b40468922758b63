"""Is this still the same file, without reading all of it?"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from understudy.errors import MediaError
from understudy.picture_folder import pictures_in

__all__ = ["fingerprint"]


def fingerprint(path: Path) -> str:
    """Digest a file, or a folder of pictures; 64 hex digits.

    Of a file, its size and 64 evenly spaced blocks of 64 KiB count (all of it up to 4 MiB): media files hold tables of
    sizes and times at one end or the other, which nearly every edit changes, and both ends are always among the blocks.
    Of a folder, the names and sizes of its pictures count, and of each 16 such blocks of 8 KiB.

    Raises:
        MediaError: If the file cannot be read.
    """
    try:
        return (_of_folder(path) if path.is_dir() else _of_file(path, 64, 64 * 1024)).hex()
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror})", "check the path and your rights") from error


def _of_file(path: Path, blocks: int, block_bytes: int) -> bytes:
    size = path.stat().st_size
    digest = hashlib.sha256(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        if size <= blocks * block_bytes:
            digest.update(file.read())
        else:
            for block in range(blocks):
                file.seek((size - block_bytes) * block // (blocks - 1))
                digest.update(file.read(block_bytes))
    return digest.digest()


def _of_folder(folder: Path) -> bytes:
    pictures = [(path, path.stat()) for path in pictures_in(folder)]
    return _of_pictures(tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in pictures))


@lru_cache(maxsize=64)
def _of_pictures(pictures: tuple[tuple[Path, int, int], ...]) -> bytes:
    """Digest pictures; remembered as long as sizes and times of change stay the same, for there may be very many."""
    digest = hashlib.sha256()
    for path, size, _ in pictures:
        digest.update(f"{path.name}\n{size}\n".encode())
        digest.update(_of_file(path, 16, 8 * 1024))
    return digest.digest()
