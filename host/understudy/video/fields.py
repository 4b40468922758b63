"""What does one field of an interlaced frame show by itself?"""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane

__all__ = ["field_of", "full_height"]


def field_of(picture: av.VideoFrame, *, is_lower: bool) -> av.VideoFrame:
    """Return every other row of a frame, of each plane: rows 0, 2, 4 ..., or of the lower field 1, 3, 5 ....

    Chroma rows belong to the fields in turn as well, so the colours do not come from two moments either.
    """
    first = int(is_lower)
    field = av.VideoFrame(picture.width, (picture.height + 1 - first) // 2, picture.format.name)
    for whole, half in zip(picture.planes, field.planes, strict=True):
        rows = _rows(whole)
        rows = rows[first::2] if len(rows) > first else rows  # one chroma row of a very low picture is both fields'
        taken = np.minimum(np.arange(half.height), len(rows) - 1)  # a chroma plane of odd height lacks its last row
        width = min(abs(whole.line_size), half.line_size)
        _rows(half)[:, :width] = rows[taken, :width]
    return field


def full_height(rgb: npt.NDArray[np.uint8], height: int, *, is_lower: bool) -> npt.NDArray[np.uint8]:
    """Put a field's rows back in their places, and draw each of the other's rows between its neighbours.

    Args:
        rgb: uint8 (F, W, 3), the field.
        height: Of the frame: 2 F, or one row more or less.
        is_lower: Whether the field is rows 1, 3, 5 ....
    """
    first, other = int(is_lower), int(not is_lower)
    whole = np.empty((height, *rgb.shape[1:]), np.uint8)
    whole[first::2] = rgb
    missing = len(whole[other::2])
    above = np.clip(np.arange(missing) - first, 0, len(rgb) - 1)
    below = np.clip(np.arange(missing) - first + 1, 0, len(rgb) - 1)
    whole[other::2] = (rgb[above].astype(np.uint16) + rgb[below] + 1) >> 1
    return whole


def _rows(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """View a plane's bytes by rows, from the top."""
    view: npt.NDArray[np.uint8] = np.frombuffer(plane, np.uint8).reshape(-1, abs(plane.line_size))[: plane.height]  # type: ignore[call-overload]  # is a buffer
    return view if plane.line_size > 0 else view[::-1]
