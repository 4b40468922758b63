"""How did the previews change, as a film?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from understudy.aside import PART, whole_file
from understudy.errors import RequestError, StoreError
from understudy.pictures import decode_picture
from understudy_sdk.types import U8

__all__ = ["TIMELAPSE_NAME", "previews_of", "write_timelapse"]

TIMELAPSE_NAME: Final = "timelapse.mp4"
"""File name of a training's film."""

PREVIEWS_PER_S: Final = 6
_RATE: Final = 24
"""Frames per second: each preview stands for some of them, as not all players keep to a lower rate."""
_HELD_S: Final = 2
"""How long the last preview stays."""
_WIDEST_PX: Final = 1920
_BAR_PX: Final = 28
"""Height of the bar with the step's number."""


def previews_of(folder: Path) -> dict[int, Path]:
    """Return the numbered previews of a training by step, ascending."""
    found = {path: re.fullmatch(r"preview-(\d{8,})\.png", path.name) for path in folder.glob("preview-*.png")}
    return dict(sorted((int(match[1]), path) for path, match in found.items() if match))


def write_timelapse(folder: Path, output: Path | None = None) -> Path:
    """Write the previews of a training as a film, six of them a second, each with its step, and return its path.

    Previews of another size than the last one's, as after a change of the model, are fitted to it.

    Args:
        folder: The training's.
        output: The film's file, such as ``film.mp4``; ``timelapse.mp4`` in the training's folder unless given.

    Raises:
        RequestError: When there is no preview yet.
        StoreError: When a preview is damaged, or the disk does not take the film.
    """
    previews = previews_of(folder)
    if not previews:
        raise RequestError(f"{folder} holds no previews yet\n  train first: understudy train")
    path = output or folder / TIMELAPSE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        try:
            _encode(part, _frames(previews), len(previews))
        except av.FFmpegError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}\n  free some space, and run again") from error
    return path


def _frames(previews: dict[int, Path]) -> Iterator[U8]:
    """Yield each preview with its step below, all of one size that an encoder takes."""
    last = _read(previews[max(previews)])
    height, width = last.shape[:2]
    scale = min(_WIDEST_PX / width, 1.0)
    size = round(width * scale) // 2 * 2, round(height * scale) // 2 * 2
    for step, path in previews.items():
        picture = _read(path)
        if picture.shape[1::-1] != size:
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        bar = np.zeros((_BAR_PX, size[0], 3), np.uint8)
        words, font = f"step {step:,}".replace(",", " "), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(bar, words, (10, 20), font, 0.55, (230, 230, 230), 1, cv2.LINE_AA)
        yield np.concatenate([picture, bar])


def _read(path: Path) -> U8:
    try:
        return decode_picture(path.read_bytes(), str(path))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}\n  delete it and try again") from error


def _encode(part: Path, frames: Iterator[U8], count: int) -> None:
    """Write so many pictures of one size; one at a time is in memory, for a long training has hundreds."""
    repeats = [_RATE // PREVIEWS_PER_S] * (count - 1) + [_RATE * _HELD_S]
    first = next(frames)
    height, width = first.shape[:2]
    kind = Path(part.name.removesuffix(PART)).suffix.lstrip(".") or "mp4"
    with av.open(str(part), "w", format=_FORMATS.get(kind, "mp4"), options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "18", "preset": "faster"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, _RATE)
        number = 0
        for picture, times in zip(itertools.chain([first], frames), repeats, strict=True):
            for _ in range(times):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, _RATE)
                container.mux(stream.encode(frame))
                number += 1
        container.mux(stream.encode())


_FORMATS: Final = {"mkv": "matroska", "mov": "mov"}
"""FFmpeg's names of containers by the file's suffix; all others become MP4."""
