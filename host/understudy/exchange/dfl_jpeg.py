"""How are DeepFaceLab's aligned faces read from JPEG files and written to them?

A JPEG is a chain of segments: a marker, a length of two bytes, and content. DeepFaceLab keeps what it knows of a face
in one APP15 segment, as a pickle. It is read without running anything of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from understudy_sdk import ForeignFileError
from understudy_sdk.foreign import plain_pickle
from understudy_sdk.types import U8

from .dfl_pickle import dump_plain
from .dfl_values import AlignedFace, aligned_face, stored_values

__all__ = ["aligned_jpeg", "is_readable_by_dfl", "read_aligned", "with_metadata", "without_metadata"]

_SOI: Final = b"\xff\xd8"
_EOI, _SOS, _DRI, _APP0, _APP15 = 0xD9, 0xDA, 0xDD, 0xE0, 0xEF
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that have no content
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame: states the size
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # FF 00 is a coded FF; D0 to D7 restart within a scan
_LONGEST: Final = 65_533  # what two bytes of length, which count themselves, leave
_LARGEST_SIDE_PX: Final = 8192


@dataclass(frozen=True, slots=True)
class _Segment:
    """A segment: where its marker begins, where its content does, and where it ends."""

    marker: int
    start: int
    content: int
    stop: int


def read_aligned(content: bytes, where: str) -> AlignedFace:
    """Return what an aligned face of DeepFaceLab says of itself.

    Args:
        content: The JPEG file.
        where: Its name, for messages.

    Raises:
        ForeignFileError: It is no JPEG, cut short, not square, or its metadata is missing, damaged, or asks for more
            than plain values; nothing of it is run.
    """
    segments = _segments(content, where)
    found = [part for part in segments if part.marker == _APP15 and content[part.content] == 0x80]
    if not found:
        raise ForeignFileError(where, "it is not an aligned face: it has no metadata of DeepFaceLab")
    width, height = _size(content, segments, where)
    face = aligned_face(plain_pickle(content[found[0].content : found[0].stop], where=where), width, where)
    if width != height:
        raise ForeignFileError(where, f"an aligned face is square, but this picture has {width} x {height} px")
    return face


def without_metadata(content: bytes, where: str) -> bytes:
    """Return a JPEG without its APP15 segments, all else to the bit."""
    return _cut_out(content, [part for part in _segments(content, where) if part.marker == _APP15])


def with_metadata(content: bytes, face: AlignedFace, where: str) -> bytes:
    """Return a JPEG with a face's metadata in place of any that it had, all else to the bit.

    Raises:
        ForeignFileError: It is no JPEG, or the metadata does not fit into one segment.
    """
    values = dump_plain(stored_values(face))
    if len(values) > _LONGEST:
        raise ForeignFileError(where, f"its metadata has {len(values)} bytes, and a JPEG holds {_LONGEST}")
    bare = without_metadata(content, where)
    segments = _segments(bare, where)
    others = [part.stop for part in segments if _APP0 <= part.marker < _APP15]
    place = max(others, default=len(_SOI))
    return bare[:place] + b"\xff\xef" + struct.pack(">H", len(values) + 2) + values + bare[place:]


def aligned_jpeg(rgb: U8, face: AlignedFace, quality: int) -> bytes:
    """Return a crop as an aligned face of DeepFaceLab.

    Args:
        rgb: uint8 (S, S, 3), RGB.
        face: What it says of itself.
        quality: Of the JPEG, 1 to 100; colours are kept at full resolution.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, content = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    assert done
    return with_metadata(np.asarray(content).tobytes(), face, face.source_filename)


def is_readable_by_dfl(content: bytes, where: str) -> bool:
    """Tell whether DeepFaceLab's own reader takes a JPEG: it begins with JFIF, has colours and no restart intervals."""
    segments = _segments(content, where)
    first = segments[0]
    frames = [part for part in segments if part.marker in _SIZES]
    return (
        first.marker == _APP0
        and content[first.content : first.content + 5] == b"JFIF\x00"
        and all(part.marker in {0xC0, 0xC2} and content[part.content + 5] == 3 for part in frames)
        and all(part.marker != _DRI for part in segments)
    )


def _segments(content: bytes, where: str) -> list[_Segment]:
    """Return a JPEG's segments up to its end."""
    if not content.startswith(_SOI):
        raise ForeignFileError(where, "it is no JPEG")
    found: list[_Segment] = []
    position = len(_SOI)
    try:
        while True:
            start = position
            if content[position] != 0xFF:
                raise ForeignFileError(where, f"the JPEG is damaged at byte {position}")
            while content[position] == 0xFF:  # any number of them may stand before a marker
                position += 1
            marker = content[position]
            position += 1
            if marker == _EOI:
                break
            if marker in _ALONE:
                continue
            stop = position + int.from_bytes(content[position : position + 2], "big")
            if not position + 2 <= stop < len(content):
                raise IndexError
            found.append(_Segment(marker, start, position + 2, stop))
            position = stop if marker != _SOS else _end_of_scan(content, stop)
    except IndexError:
        raise ForeignFileError(where, f"the JPEG is cut short: it has {len(content)} bytes and no end") from None
    if not any(part.marker in _SIZES for part in found):
        raise ForeignFileError(where, "the JPEG holds no picture")
    return found


def _end_of_scan(content: bytes, position: int) -> int:
    end = _AFTER_SCAN.search(content, position)
    if end is None:
        raise IndexError
    return end.start()


def _size(content: bytes, segments: Sequence[_Segment], where: str) -> tuple[int, int]:
    """Return the picture's width and height in px."""
    frame = next(part for part in segments if part.marker in _SIZES)
    if frame.stop - frame.content < 6:
        raise ForeignFileError(where, "the JPEG does not state its size")
    _, height, width = struct.unpack(">BHH", content[frame.content : frame.content + 5])
    if not (0 < width <= _LARGEST_SIDE_PX and 0 < height <= _LARGEST_SIDE_PX):
        raise ForeignFileError(where, f"its size of {width} x {height} px is not between 1 and {_LARGEST_SIDE_PX}")
    return width, height


def _cut_out(content: bytes, segments: Sequence[_Segment]) -> bytes:
    kept, position = [], 0
    for part in segments:
        kept.append(content[position : part.start])
        position = part.stop
    return b"".join([*kept, content[position:]])
