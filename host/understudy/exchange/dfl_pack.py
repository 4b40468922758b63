"""Which faces lie in a pack of DeepFaceLab, the file ``faceset.pak``?

A head of two numbers, an index (a pickle), the places of the files, and the files themselves, one after another:
aligned JPEGs with their own metadata. Of the index only names and persons are used; the rest each file states itself.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from understudy_sdk import ForeignFileError
from understudy_sdk.foreign import plain_pickle

__all__ = ["PACK_NAME", "PackedFile", "packed_files", "read_packed"]

PACK_NAME: Final = "faceset.pak"
"""What DeepFaceLab calls a pack; where one lies in a folder, the loose files beside it do not count."""

_VERSION: Final = 1
_ENUMS: Final = ("samplelib.Sample.SampleType", "facelib.FaceType.FaceType")
_HEAD: Final = struct.Struct("<QQ")


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of a pack.

    Attributes:
        name: As the pack states it; a stranger's word, and so no path.
        person: Whose face it is, as the pack states it, or empty.
        start: Where in the pack it begins.
        stop: Where it ends.
    """

    name: str
    person: str
    start: int
    stop: int


def packed_files(path: Path) -> list[PackedFile]:
    """Return which files a pack holds, in its order.

    Raises:
        ForeignFileError: It is no pack, of another version, cut short or damaged.
    """
    where = str(path)
    with path.open("rb") as stream:
        size = path.stat().st_size
        version, length = _HEAD.unpack(_read(stream, _HEAD.size, where))
        if version != _VERSION:
            raise ForeignFileError(where, f"it is no pack of faces of version {_VERSION}: it begins with {version}")
        if length > size - _HEAD.size:
            raise ForeignFileError(where, f"it is cut short: its index has {length} bytes, and the pack {size}")
        index = plain_pickle(_read(stream, length, where), enums=_ENUMS, where=where)
        if not isinstance(index, list):
            raise ForeignFileError(where, "its index is not a list")
        offsets = struct.unpack(f"<{len(index) + 1}Q", _read(stream, 8 * (len(index) + 1), where))
        first = stream.tell()
    # the last number counts from the file's beginning, all others from the first file
    ends = [first + offset for offset in offsets[:-1]] + [size]
    if offsets[-1] != size:
        raise ForeignFileError(where, f"it is cut short or damaged: it should have {offsets[-1]} bytes, but has {size}")
    if ends[0] != first or any(end < start for start, end in itertools.pairwise(ends)):
        raise ForeignFileError(where, "its files overlap, or lie outside it")
    return [
        PackedFile(*_names(entry, number, where), start, stop)
        for number, (entry, (start, stop)) in enumerate(zip(index, itertools.pairwise(ends), strict=True))
    ]


def read_packed(path: Path, file: PackedFile) -> bytes:
    """Return one file's content."""
    with path.open("rb") as stream:
        stream.seek(file.start)
        return _read(stream, file.stop - file.start, f"{path}: {file.name}")


def _read(stream: BinaryIO, length: int, where: str) -> bytes:
    content = stream.read(length)
    if len(content) != length:
        raise ForeignFileError(where, f"it is cut short: {length} bytes were expected, and {len(content)} are there")
    return content


def _names(entry: Any, number: int, where: str) -> tuple[str, str]:
    """Return the name and the person of one entry of the index."""
    if not isinstance(entry, dict):
        raise ForeignFileError(where, f"entry {number} of its index is not a dict")
    name, person = entry.get("filename"), entry.get("person_name")
    if not isinstance(name, str) or not isinstance(person, str | None):
        raise ForeignFileError(where, f"entry {number} of its index has no name")
    return name, person or ""
