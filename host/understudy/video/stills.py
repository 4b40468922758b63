"""How is a folder of pictures read as a clip?

Pictures are frames in the order of their numbers, 25 to the second. Each keeps its own size, so a collection of stills
serves as well as a numbered sequence. Faces can be taken from such a clip; nothing can be merged into it.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from understudy.errors import MediaError
from understudy.picture_folder import PICTURE_SUFFIXES, pictures_in
from understudy.pictures import is_cut_off
from understudy_sdk import ColorDescription, Frame
from understudy_sdk.types import U8

from .clip import ClipInfo
from .color import ColorTags
from .frame import DecodedFrame
from .orientation import UPRIGHT

__all__ = ["StillFrame", "probe_folder", "read_still"]

RATE: Final = Fraction(25)


def probe_folder(folder: Path) -> ClipInfo:
    """Return the facts of a folder of pictures; width and height are those of the first that can be read.

    Raises:
        MediaError: It holds no pictures, or none can be read.
    """
    paths = pictures_in(folder)
    if not paths:
        raise MediaError(folder, "holds no pictures", f"put some in: {', '.join(sorted(PICTURE_SUFFIXES))}")
    for path in paths:
        rgb = _decoded(path)
        if rgb is not None:
            break
    else:
        raise MediaError(folder, "none of its pictures can be read", "they may be damaged; copy them again")
    return ClipInfo(
        path=folder,
        width=rgb.shape[1],
        height=rgb.shape[0],
        rotation=0,
        pixel_format="rgb24",
        color=ColorDescription(matrix=0, transfer=13, is_full_range=True),
        color_is_assumed=False,
        time_base=1 / RATE,
        average_rate=RATE,
        pts=tuple(range(len(paths))),
        has_audio=False,
        other_streams=(),
        tags=ColorTags(0, 1, 13, 2),
        orientation=UPRIGHT,
        display_matrix=None,
        sample_aspect_ratio=None,
        is_interlaced=False,
        key_pts=tuple(range(len(paths))),
        is_timed=True,
        last_duration=1,
        stream_index=0,
        hdr=None,
    )


class StillFrame(DecodedFrame):
    """A picture of a folder: it can be looked at, in its own size, and no more."""

    def __init__(self, still: Frame, info: ClipInfo, index: int, reformatter: VideoReformatter) -> None:
        super().__init__(av.VideoFrame(2, 2, "rgb24"), info, index, reformatter)
        self._still = still

    def frame(self) -> Frame:
        """Give the picture."""
        return self._still


def read_still(info: ClipInfo, position: int) -> Frame | None:
    """Return a folder's picture as a frame, turned as its own tag says, or None where it cannot be read."""
    paths = pictures_in(info.path)
    rgb = _decoded(paths[position]) if position < len(paths) else None
    return None if rgb is None else Frame(rgb, position, info.time_base)


def _decoded(path: Path) -> U8 | None:
    """Return a picture as 8-bit RGB, upright by its own tag; None where it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if not content or is_cut_off(content):
        return None
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
