"""How do chunks become numbered pictures, each a file of its own?"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from understudy.aside import whole_folder
from understudy.encoders.sequences import codec_of_pictures, numbered
from understudy.errors import MediaError, RequestError

from .aside import explaining
from .clip import ClipInfo
from .container import main_video, open_media, packets_of
from .encoding import is_float
from .exr import write_exr
from .stills import frame_numbers, stills_of
from .writer import FIRST_PTS

__all__ = ["check_folder", "timed_packets", "write_pictures"]

_DEEP: Final = 10  # bits that half floats still tell apart
_SIGNED: Final = (".c2pa", "SHA256SUMS")
_PNG_HEAD: Final = 33  # of the signature and the first chunk, which states the size


def check_folder(folder: Path, names: str) -> None:
    """Refuse a folder that holds anything but an earlier sequence of these names: it will be replaced as a whole.

    Raises:
        RequestError: It does, or a file is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise RequestError(f"{folder} is a file, but pictures are to be written into it\n  choose another output.path")
    before, _, after = names.partition("%")
    after = after.partition("d")[2]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not (path.name.endswith(_SIGNED) or (path.name.startswith(before) and path.name.endswith(after))):
            raise RequestError(
                f"{folder} holds {path.name}, which is none of the pictures that are to be written there\n"
                f"  a sequence needs a folder of its own, such as output.path: out/{{clip}}/{names}"
            )


def write_pictures(
    chunks: Sequence[Path],
    info: ClipInfo,
    folder: Path,
    names: str,
    metadata: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """Write every frame of some chunks as a picture; the folder appears, in place of an older one, when all are there.

    Pictures have the numbers of the source's pictures; those of a film count from 0, as ``ranges`` do.

    Args:
        chunks: Files of ``ChunkWriter``, coded as pictures of this kind.
        info: The source's facts.
        folder: The folder to write.
        names: Of the pictures, with ``%06d`` where the number stands.
        metadata: Tags that each carries, where its kind can.
        say: Hears what of the source is left out.

    Raises:
        MediaError: A chunk is missing, or the folder cannot be written.
    """
    if info.other_streams:
        say(f"left out: {', '.join(info.other_streams)}; pictures hold none of it")
    numbers = frame_numbers(info)
    sources = stills_of(info) if info.breaks is not None else None
    writer = _Writer(info, metadata, Path(names).suffix.lower())
    with whole_folder(folder) as part, explaining(folder):
        for chunk in chunks:
            for index, packet in timed_packets(chunk, info):
                path = numbered(part / names, numbers[index])
                writer.write(path, packet, sources[index] if sources else None)


def timed_packets(chunk: Path, info: ClipInfo) -> Iterator[tuple[int, bytes]]:
    """Read a chunk of pictures: the frame's position in the clip, and the picture's bytes."""
    with open_media(chunk) as container:
        video = main_video(container, chunk)
        first = int(container.metadata[FIRST_PTS])
        ratio = (video.time_base or Fraction(1)) / info.time_base
        start: int | None = None
        for packet in packets_of(container, video):
            if not packet.size or packet.pts is None:
                continue
            start = packet.pts if start is None else start
            yield bisect_left(info.pts, first + round((packet.pts - start) * ratio)), bytes(packet)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes files of pictures' bytes, each with the tags that its kind can carry."""

    info: ClipInfo
    metadata: Mapping[str, str]
    suffix: str

    def write(self, path: Path, content: bytes, source: Path | None) -> None:
        if codec_of_pictures(path) == "exr":
            self._write_light(path, content, source)
            return
        path.write_bytes(_tagged(content, self.metadata) if self.suffix == ".png" else content)

    def _write_light(self, path: Path, content: bytes, source: Path | None) -> None:
        decoder = av.CodecContext.create("exr", "r")
        pictures = [*decoder.decode(av.Packet(content)), *decoder.decode(None)]
        picture = pictures[0] if len(pictures) == 1 else None
        if not isinstance(picture, av.VideoFrame) or not is_float(picture.format.name):
            raise MediaError(path, "its chunk is damaged", "remove it and run again")
        like = source if source is not None and source.suffix.lower() == ".exr" else None
        is_half = self.info.color.bit_depth <= _DEEP
        write_exr(path, picture, self.metadata, like=like, is_half=is_half)


def _tagged(png: bytes, tags: Mapping[str, str]) -> bytes:
    """Put texts behind a PNG's header."""
    texts = b"".join(_text_chunk(name, text) for name, text in tags.items())
    return png[:_PNG_HEAD] + texts + png[_PNG_HEAD:]


def _text_chunk(name: str, text: str) -> bytes:
    """Return a chunk ``iTXt``: the keyword, no compression, no language, and the text in UTF-8."""
    body = b"iTXt" + name[:79].encode("latin-1", "replace") + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
