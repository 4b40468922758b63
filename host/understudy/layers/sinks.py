"""How do the frames of one chunk of a layer become files?

A movie's chunk is a file of its own in the work folder, to be joined with its neighbours. Pictures go straight to where
they belong, each written aside and renamed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
import numpy as np
import numpy.typing as npt

from understudy.aside import PART, sync
from understudy.video import ChunkWriter, ClipInfo, Encoding
from understudy.video.aside import explaining
from understudy.video.orientation import Box
from understudy.video.planes import plane_rows

from .numbers import movie_info
from .pictures import PictureMaker
from .prores import EMPTY, ENCODING

__all__ = ["MovieSink", "PictureSink", "Sink", "picture_path"]

Planes = tuple[npt.NDArray[Any], ...]


class Sink(Protocol):
    """Takes the frames of a chunk, each once and in order."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, index: int, box: Box | None, part: Planes) -> None:
        """Take a frame: what is not empty of it lies in a box, as stored; None where all is empty."""
        ...


class MovieSink:
    """A chunk of a movie in ProRes 4444."""

    def __init__(self, path: Path, info: ClipInfo, pixel_format: str) -> None:
        """Take the chunk's file, the clip's facts, and the format, which says whether there is alpha."""
        self._info = movie_info(info, pixel_format)
        self._writer = ChunkWriter(path, self._info, Encoding("prores_ks", ENCODING, pixel_format))

    def __enter__(self) -> Self:
        """Open the chunk."""
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the chunk, or drop it."""
        self._writer.__exit__(kind, error, trace)

    def add(self, index: int, box: Box | None, part: Planes) -> None:
        """Encode a frame."""
        width, height = self._info.stored_size
        frame = av.VideoFrame(width, height, self._info.pixel_format)
        for place, plane in enumerate(frame.planes):
            rows = plane_rows(plane, "<u2")
            rows[...] = EMPTY[place]
            if box is not None:
                rows[box[1] : box[3], box[0] : box[2]] = part[place]
        tags = self._info.tags
        frame.colorspace, frame.color_range = tags.matrix, tags.range
        frame.color_primaries, frame.color_trc = tags.primaries, tags.transfer
        frame.pts, frame.time_base = self._info.pts[index], self._info.time_base
        self._writer.add(frame)


class PictureSink:
    """A chunk's pictures, upright, in the folder where all of them belong."""

    def __init__(self, folder: Path, info: ClipInfo, maker: PictureMaker, suffix: str) -> None:
        """Take the folder, the clip's facts, what makes the pictures, and how their names end."""
        self._folder, self._info, self._maker, self._suffix = folder, info, maker, suffix
        self._written: list[Path] = []
        self._empty: bytes | None = None

    def __enter__(self) -> Self:
        """Make the folder."""
        with explaining(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bring the pictures to the disk, or drop them."""
        if error is not None:
            for path in self._written:
                with suppress(OSError):
                    path.unlink()
            return
        with explaining(self._folder):
            for path in self._written:
                sync(path)
            sync(self._folder)

    def add(self, index: int, box: Box | None, part: Planes) -> None:
        """Write a frame; ``part`` is one array, float32 (h, w, channels)."""
        if box is None and self._empty is None:
            self._empty = self._maker.encoded(self._whole(None, part))
        content = self._empty if box is None else self._maker.encoded(self._whole(box, part))
        assert content is not None
        path = picture_path(self._folder, index, self._suffix)
        aside = path.with_name(path.name + PART)
        with explaining(path):
            aside.write_bytes(content)
            aside.replace(path)
        self._written.append(path)

    def _whole(self, box: Box | None, part: Planes) -> npt.NDArray[np.float32]:
        width, height = self._info.stored_size
        picture = np.zeros((height, width, self._maker.channels), np.float32)
        if box is not None:
            picture[box[1] : box[3], box[0] : box[2]] = part[0]
        return self._info.orientation.upright_copy(picture)


def picture_path(folder: Path, index: int, suffix: str) -> Path:
    """Return a frame's picture: named after the folder, then the frame's number from 0."""
    return folder / f"{folder.name}.{index:07d}{suffix}"
