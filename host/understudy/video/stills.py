"""How is a folder of pictures read as a clip?

Pictures are frames in the order of their numbers. Each keeps its own size, so a collection of stills serves as well as
a numbered sequence; faces can be put only into those of the first one's size and format. Where no rate is stated,
nothing tells whether a face moved from one picture to the next within a moment or within a day, so each is looked at by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import VideoReformatter

from understudy.errors import MediaError
from understudy.picture_folder import PICTURE_SUFFIXES, breaks_between, pictures_in
from understudy.pictures import is_damaged
from understudy_sdk import ColorDescription, Frame
from understudy_sdk.types import U8

from .checks import refuse_unlike
from .clip import ClipInfo
from .color import ColorTags, describe_color
from .frame import DecodedFrame
from .light import FLOAT_COLOR, shown_light
from .orientation import display_matrix_of
from .picture_files import orientation_of_picture, read_stored
from .planes import PixelLayout, layout_of, samples

__all__ = ["StillFrame", "frame_numbers", "probe_folder", "read_still", "stills_of"]

USUAL_RATE: Final = Fraction(25)
_LINEAR: Final = 8  # code point of a transfer that is none: amounts of light
_SRGB: Final = 13


def probe_folder(folder: Path, rate: Fraction | None = None) -> ClipInfo:
    """Return the facts of a folder of pictures; size and format are those of the first that can be read.

    Args:
        folder: The folder.
        rate: Pictures per second, where they are film.

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
    stored = read_stored(path)
    turn = orientation_of_picture(path.read_bytes())
    name, color, tags = _described(path, stored, is_hd=rgb.shape[1] >= 1280 or rgb.shape[0] >= 720)
    seconds = rate or USUAL_RATE
    return ClipInfo(
        path=folder,
        width=rgb.shape[1],
        height=rgb.shape[0],
        rotation=turn.rotation,
        pixel_format=name,
        color=color,
        color_is_assumed=False,
        time_base=1 / seconds,
        average_rate=seconds,
        pts=tuple(range(len(paths))),
        has_audio=False,
        other_streams=(),
        tags=tags,
        orientation=turn,
        display_matrix=display_matrix_of(turn),
        sample_aspect_ratio=None,
        is_interlaced=False,
        key_pts=tuple(range(len(paths))),
        is_timed=True,
        last_duration=1,
        stream_index=0,
        hdr=None,
        breaks=breaks_between(paths),
        is_loose=rate is None,
    )


class StillFrame(DecodedFrame):
    """A picture of a folder: looked at in its own size; changed as it is stored, where it is like the first one."""

    def __init__(self, still: Frame, info: ClipInfo, index: int, reformatter: VideoReformatter, path: Path) -> None:
        height, width = still.rgb.shape[:2]
        unlike = "" if (width, height) == (info.width, info.height) else f"{width} x {height}"
        super().__init__(av.VideoFrame(2, 2, "rgb24"), info, index, reformatter, unlike)
        self._still, self._path, self._is_stored = still, path, False

    def frame(self) -> Frame:
        """Give the picture, with what was laid into it."""
        return super().frame() if self._is_own else self._still

    def to_av(self) -> av.VideoFrame:
        """Give the picture for encoding, as stored."""
        self._store()
        return super().to_av()

    def _reachable(self) -> PixelLayout:
        self._store()
        return super()._reachable()

    def _store(self) -> None:
        """Read the picture as it is stored, which only a merge needs.

        Raises:
            MediaError: It is unlike the first picture that can be read.
        """
        refuse_unlike(self._info, self.index, self.unlike)
        if self._is_stored:
            return
        info, stored = self._info, read_stored(self._path)
        if stored is None:
            raise MediaError(self._path, "cannot be read as it is stored", "save it as PNG, TIFF or OpenEXR")
        if stored.format.name != info.pixel_format or (stored.width, stored.height) != info.stored_size:
            refuse_unlike(info, self.index, f"{stored.width} x {stored.height}, {stored.format.name} as stored")
        if orientation_of_picture(self._path.read_bytes()) != info.orientation:
            refuse_unlike(info, self.index, "turned otherwise")
        self._picture, self._is_stored = stored, True


def frame_numbers(info: ClipInfo) -> list[int]:
    """Return the number of every frame: as the names of a folder's pictures say, each its own; else counted from 0."""
    count = len(info.pts)
    if info.breaks is None:
        return list(range(count))
    found = [re.search(r"(\d+)\D*$", path.stem) for path in stills_of(info)]
    numbers = [int(one[1]) for one in found if one is not None]
    return numbers if len(set(numbers)) == count else list(range(count))


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
    if path.suffix.lower() == ".exr":
        return _shown_light(path)
    try:
        content = path.read_bytes()
        if not content or is_damaged(content):
            return None
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):  # the latter for a header that promises more pixels than OpenCV takes
        return None
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _shown_light(path: Path) -> U8 | None:
    try:
        picture = read_stored(path)
    except MediaError:
        return None
    assert picture is not None
    layout = layout_of(picture.format.name)
    assert layout is not None
    rgb = np.stack([shown_light(samples(picture, layout, channel)) for channel in range(3)], axis=2)
    return np.asarray(np.clip(np.rint(rgb * 255.0), 0, 255), np.uint8)


def _described(path: Path, stored: av.VideoFrame | None, *, is_hd: bool) -> tuple[str, ColorDescription, ColorTags]:
    """Return a picture's pixel format, and what its samples mean."""
    if stored is None:  # it can be looked at, and no more
        return "rgb24", ColorDescription(0, 1, _SRGB, True), ColorTags(0, 1, _SRGB, 2)
    name = stored.format.name
    if (layout := layout_of(name)) is not None and layout.is_float:
        return name, FLOAT_COLOR, ColorTags(0, 1, _LINEAR, 2)
    is_rgb = VideoFormat(name).is_rgb
    tags = ColorTags(
        0 if is_rgb else int(stored.colorspace),
        _stated(stored.color_primaries, 1),
        _stated(stored.color_trc, _SRGB),
        2 if is_rgb else int(stored.color_range),
    )
    return name, describe_color(path, tags, name, VideoFormat(name).components[0].bits, is_hd=is_hd)[0], tags


def _stated(tag: int, otherwise: int) -> int:
    return otherwise if int(tag) in {0, 2, 3} else int(tag)
