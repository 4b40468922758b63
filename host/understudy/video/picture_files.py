"""How is one picture file read as it is stored: its own format and depth, not yet turned upright?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.format import VideoFormat
from av.video.plane import VideoPlane

from understudy_sdk.types import U8

from .exr import read_exr
from .orientation import UPRIGHT, Orientation
from .planes import working_format

__all__ = ["orientation_of_picture", "read_stored", "upright_picture"]

_TURNS: Final = tuple(
    Orientation(is_transposed, is_flipped_x, is_flipped_y)
    for is_transposed in (False, True)
    for is_flipped_x in (False, True)
    for is_flipped_y in (False, True)
)
_HEAD: Final = 1 << 16  # Exif stands at the front


def read_stored(path: Path) -> av.VideoFrame | None:
    """Return a picture in its own pixel format; None where FFmpeg does not decode it, or not whole.

    Raises:
        MediaError: An OpenEXR picture cannot be read.
    """
    if path.suffix.lower() == ".exr":
        return read_exr(path)
    try:
        with av.open(str(path.absolute()), "r", options={"protocol_whitelist": "file"}) as container:
            picture = next(container.decode(video=0), None)
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return None
    if picture is None or picture.format.name == working_format(picture.format.name):
        return picture
    return picture.reformat(format=working_format(picture.format.name), threads=1)


def upright_picture(stored: av.VideoFrame, turn: Orientation) -> av.VideoFrame:
    """Return a picture turned upright, every sample as it was; its chroma must be at full resolution."""
    upright = av.VideoFrame(*turn.size(stored.width, stored.height), stored.format.name)
    for before, after in zip(stored.planes, upright.planes, strict=True):
        _pixels(after, stored.format)[...] = turn.upright(_pixels(before, stored.format))
    upright.color_primaries, upright.color_trc = stored.color_primaries, stored.color_trc
    upright.colorspace, upright.color_range = stored.colorspace, stored.color_range
    return upright


def orientation_of_picture(content: bytes) -> Orientation:
    """Return how a picture becomes upright by its Exif tag: as OpenCV turns it, which reads the tag for us.

    PyAV 18 does not give it for pictures (``side_data``).
    """
    if b"Exif" not in content[:_HEAD] and b"eXIf" not in content[:_HEAD]:
        return UPRIGHT
    packed = np.frombuffer(content, np.uint8)
    stored = cv2.imdecode(packed, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    upright = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    if stored is None or upright is None:
        return UPRIGHT
    return next((turn for turn in _TURNS if _is_turned(stored, upright, turn)), UPRIGHT)


def _is_turned(stored: cv2.typing.MatLike, upright: U8 | cv2.typing.MatLike, turn: Orientation) -> bool:
    turned = turn.upright(np.asarray(stored))
    return turned.shape == upright.shape and bool(np.array_equal(turned, upright))


def _pixels(plane: VideoPlane, layout: VideoFormat) -> npt.NDArray[np.void]:
    """View a plane's pixels, each whole, (rows, columns)."""
    is_packed = layout.is_rgb and not layout.is_planar
    items = len(layout.components) if is_packed or layout.name.startswith("ya") else 1
    pixel = np.dtype((np.void, items * (-(-layout.components[0].bits // 8))))
    table = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]  # is a buffer
    rows: npt.NDArray[np.void] = table[: plane.height, : plane.width * pixel.itemsize].view(pixel)
    return rows
