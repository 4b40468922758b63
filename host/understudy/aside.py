"""How does a file or a folder appear whole or not at all?

It is written under a name that ends in ``.part``, synced to the disk, and renamed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from safetensors import SafetensorError

from understudy.errors import StoreError

__all__ = ["PART", "clear_parts", "sync", "whole_file", "whole_folder"]

PART: Final = ".part"


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lend a path to write to; the file takes its name, in place of an older one, when the block ends well.

    Raises:
        StoreError: When the disk does not take it; an older file is left as it was.
    """
    part = path.with_name(path.name + PART)
    try:
        with _words_for(path):
            yield part
            sync(part)
            part.replace(path)
            sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Lend an empty folder to fill with files; it takes its name, in place of an older one, when the block ends well.

    Raises:
        StoreError: When the disk does not take it; an older folder is left as it was.
    """
    part, old = path.with_name(path.name + PART), path.with_name(path.name + ".old" + PART)
    for leftover in (part, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        with _words_for(path):
            part.mkdir(parents=True)
            yield part
            for file in part.iterdir():
                sync(file)
            sync(part)
            if path.exists():
                path.rename(old)  # a folder cannot be renamed over another
            part.rename(path)
            sync(path.parent)
    finally:
        for leftover in (part, old):
            shutil.rmtree(leftover, ignore_errors=True)


def clear_parts(folder: Path) -> None:
    """Delete what a killed run left half written in a folder."""
    for path in folder.glob("*" + PART):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _words_for(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors has its own name for a full disk
        raise StoreError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}\n"
            f"  free some space or make the folder writable, and run again; what was saved before is kept"
        ) from error


def sync(path: Path) -> None:
    """Make sure that a file or a folder's list of files is on the disk, not only on its way there."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders, and writes their lists at once
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
