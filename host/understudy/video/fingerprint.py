"""Is this still the same file, without reading all of it?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from understudy.errors import MediaError
from understudy.picture_folder import pictures_in

__all__ = ["fingerprint"]

_BLOCKS = 64
_BLOCK_BYTES = 64 * 1024


def fingerprint(path: Path) -> str:
    """Digest a file, or a folder of pictures; 64 hex digits.

    Of a folder, the names, sizes and first 64 KiB of its pictures count. Of a file, its size and 64 evenly spaced
    blocks of 64 KiB do (all of it up to 4 MiB): media files hold tables of sizes and times at one end or the other,
    which nearly every edit changes, and both ends are always among the blocks.

    Raises:
        MediaError: If the file cannot be read.
    """
    if path.is_dir():
        return _of_folder(path)
    try:
        size = path.stat().st_size
        digest = hashlib.sha256(size.to_bytes(8, "big"))
        with path.open("rb") as file:
            if size <= _BLOCKS * _BLOCK_BYTES:
                digest.update(file.read())
            else:
                for block in range(_BLOCKS):
                    file.seek((size - _BLOCK_BYTES) * block // (_BLOCKS - 1))
                    digest.update(file.read(_BLOCK_BYTES))
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror})", "check the path and your rights") from error
    return digest.hexdigest()


def _of_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    try:
        for path in pictures_in(folder):
            with path.open("rb") as file:
                head = file.read(_BLOCK_BYTES)
            digest.update(f"{path.name}\n{path.stat().st_size}\n".encode())
            digest.update(hashlib.sha256(head).digest())
    except OSError as error:
        raise MediaError(folder, f"cannot be read ({error.strerror})", "check the path and your rights") from error
    return digest.hexdigest()
