"""How is a folder of pictures read as a clip?

Pictures are frames in the order of their numbers, 25 to the second. Each keeps its own size, so a collection of stills
serves as well as a numbered sequence. Faces can be taken from such a clip; nothing can be merged into it. Nothing tells
whether a face moved from one picture to the next within a moment or within a day, so each is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from understudy.errors import MediaError
from understudy.picture_folder import PICTURE_SUFFIXES, breaks_between, pictures_in
from understudy.pictures import is_damaged
from understudy_sdk import ColorDescription, Frame
from understudy_sdk.types import U8

from .clip import ClipInfo
from .color import ColorTags
from .frame import DecodedFrame
from .orientation import UPRIGHT

__all__ = ["StillFrame", "probe_folder", "read_still", "stills_of"]

RATE: Final = Fraction(25)


def probe_folder(folder: Path) -> ClipInfo:
    """Return the facts of a folder of pictures; width and height are those of the first that can be read.

    Raises:
        MediaError: It holds no pictures, or none can be read.
    """
    paths = _pictures_in(folder)
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
        breaks=breaks_between(paths),
    )


class StillFrame(DecodedFrame):
    """A picture of a folder: it can be looked at, in its own size, and no more."""

    def __init__(self, still: Frame, info: ClipInfo, index: int, reformatter: VideoReformatter) -> None:
        height, width = still.rgb.shape[:2]
        unlike = "" if (width, height) == (info.width, info.height) else f"{width} x {height}"
        super().__init__(av.VideoFrame(2, 2, "rgb24"), info, index, reformatter, unlike)
        self._still = still

    def frame(self) -> Frame:
        """Give the picture."""
        return self._still


def stills_of(info: ClipInfo) -> list[Path]:
    """Return the pictures of a folder that was probed before, in the order of its frames.

    Raises:
        MediaError: There are more or fewer than there were.
    """
    paths = _pictures_in(info.path)
    if len(paths) != len(info.pts):
        what = f"now holds {len(paths)} pictures, but {len(info.pts)} when it was first looked at"
        raise MediaError(info.path, what, "let nothing write there meanwhile, and run again")
    return paths


def read_still(info: ClipInfo, paths: Sequence[Path], position: int) -> Frame | None:
    """Return a folder's picture as a frame, turned as its own tag says, or None where it cannot be read."""
    rgb = _decoded(paths[position])
    return None if rgb is None else Frame(rgb, position, info.time_base)


def _pictures_in(folder: Path) -> list[Path]:
    try:
        return pictures_in(folder)
    except OSError as error:
        raise MediaError(folder, f"cannot be read ({error.strerror})", "check the path and your rights") from error


def _decoded(path: Path) -> U8 | None:
    """Return a picture as 8-bit RGB, upright by its own tag; None where it is damaged or of an unknown kind."""
    try:
        content = path.read_bytes()
        if not content or is_damaged(content):
            return None
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):  # the latter for a header that promises more pixels than OpenCV takes
        return None
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
