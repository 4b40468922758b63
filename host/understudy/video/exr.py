"""How is an OpenEXR picture read, and written again with other colours and nothing else changed?

The library of the format itself does it: it keeps half floats, every further channel, windows, compression and
attributes, of which FFmpeg keeps none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import OpenEXR

from understudy.errors import MediaError

from .planes import has_alpha, layout_of, samples

__all__ = ["read_exr", "write_exr"]

F32 = np.ndarray[Any, np.dtype[np.float32]]

_GREATEST_HALF: Final = 65504.0
_COLORS: Final = ("R", "G", "B")


def read_exr(path: Path) -> av.VideoFrame:
    """Return the picture's own R, G, B and, where it has one, A, as 32-bit floats; half floats fit in exactly.

    Raises:
        MediaError: It cannot be read, has several parts, is deep, or has no R, G and B of full size.
    """
    channels = _opened(path).channels()
    planes = [_plane(path, channels, name) for name in _COLORS]
    alpha = _plane(path, channels, "A") if "A" in channels else None
    height, width = planes[0].shape
    picture = av.VideoFrame(width, height, "gbrpf32le" if alpha is None else "gbrapf32le")
    layout = layout_of(picture.format.name)
    assert layout is not None
    for channel, values in enumerate(planes):
        samples(picture, layout, channel)[...] = values
    if alpha is not None:
        alpha_plane(picture)[...] = alpha
    return picture


def write_exr(path: Path, picture: av.VideoFrame, tags: Mapping[str, str], *, like: Path | None, is_half: bool) -> None:
    """Write a picture of 32-bit floats.

    Args:
        path: The file to write.
        picture: ``gbrpf32le`` or ``gbrapf32le``.
        tags: Texts that become attributes; a comment is added to the one that is there.
        like: The picture whose colours it replaces: all else of that file is kept, and so is each channel's type.
        is_half: Without ``like``, whether 16-bit floats are written.

    Raises:
        OSError: The disk does not take it.
    """
    layout = layout_of(picture.format.name)
    assert layout is not None
    colors = {name: samples(picture, layout, channel) for channel, name in enumerate(_COLORS)}
    if like is not None:
        file = _opened(like)
        header, channels = file.header(), file.channels()
        for name, values in colors.items():
            channels[name].pixels = _as(values, channels[name].pixels.dtype)
    else:
        kind = np.dtype(np.float16 if is_half else np.float32)
        if has_alpha(picture.format.name):
            colors["A"] = alpha_plane(picture)
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        channels = {name: OpenEXR.Channel(_as(values, kind)) for name, values in colors.items()}
        file = OpenEXR.File(header, channels)
    comment = "\n".join(filter(None, (str(header.get("comments", "")), tags.get("comment", ""))))
    header |= {name: text for name, text in tags.items() if name not in {"comment", "description"}}
    header["comments"] = comment
    try:
        file.write(str(path))
    except RuntimeError as error:  # the library's only kind
        raise OSError(None, str(error).splitlines()[0]) from error


def alpha_plane(picture: av.VideoFrame) -> F32:
    """View a planar float picture's alpha, (rows, columns)."""
    plane = picture.planes[3]
    table: F32 = np.frombuffer(plane, np.float32).reshape(-1, plane.line_size // 4)  # type: ignore[call-overload]  # is a buffer
    return table[: picture.height, : picture.width]


def _opened(path: Path) -> Any:
    try:
        file = OpenEXR.File(str(path), separate_channels=True)
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise MediaError(path, f"is no OpenEXR picture, or is damaged ({reason})", "copy it again") from error
    if len(file.parts) != 1 or file.header().get("type") not in {OpenEXR.scanlineimage, OpenEXR.tiledimage}:
        advice = "render it as one flat part with R, G and B"
        raise MediaError(path, "has several parts, or is deep", advice)
    return file


def _plane(path: Path, channels: Mapping[str, Any], name: str) -> F32:
    channel = channels.get(name)
    if channel is None or (channel.xSampling, channel.ySampling) != (1, 1):
        found = ", ".join(channels)
        raise MediaError(path, f"has no {name} of full size, only {found}", "render it with R, G and B")
    return np.asarray(channel.pixels, np.float32)


def _as(values: F32, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if kind == np.float16:
        values = np.clip(values, -_GREATEST_HALF, _GREATEST_HALF, where=np.isfinite(values), out=values.copy())
    return np.ascontiguousarray(values.astype(kind))
