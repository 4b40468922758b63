"""What is known of a clip before its frames are read?"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.stream import Discard
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from understudy.errors import MediaError
from understudy_sdk import ColorDescription

from .color import ColorTags, describe_color
from .container import main_video, open_media, packets_of
from .hdr import StaticHdr, static_hdr_of
from .orientation import UPRIGHT, Orientation, orientation_of
from .planes import working_format
from .side_data import side_data_of
from .start_timecode import start_timecode_of

__all__ = ["ClipInfo", "probe"]

_USUAL_RATE = Fraction(25)
_LOWER_FIRST = {3, 4}  # FFmpeg's AV_FIELD_BB and AV_FIELD_TB, whose second letter says which field is shown first


@dataclass(frozen=True, slots=True, eq=False)
class ClipInfo:
    """A clip's facts.

    Attributes:
        path: The file.
        width: Columns of an upright frame.
        height: Rows of an upright frame.
        rotation: Degrees by which stored frames are turned counter-clockwise to stand upright: 0, 90, 180 or 270.
        pixel_format: FFmpeg's name of the format in which frames are handed on.
        color: What the samples mean, completed where the file says nothing.
        color_is_assumed: Whether the file names no matrix, so that it had to be guessed from the size.
        time_base: Seconds per tick.
        average_rate: Frames per second over the whole clip.
        pts: Every frame's presentation time in ticks, ascending; those an edit list cuts off are not among them.
        has_audio: Whether there is sound.
        other_streams: The tracks beside the video, in words.
        tags: The colour tags as the file has them.
        orientation: How stored frames become upright.
        display_matrix: The rotation tag as the file has it, 9 numbers.
        sample_aspect_ratio: Width of a pixel over its height, where the file says.
        is_interlaced: Whether frames consist of two fields.
        key_pts: Where decoding can begin, ascending.
        is_timed: Whether the file's own times name each frame; else frames are counted from the clip's beginning.
        last_duration: Ticks for which the last frame is shown.
        stream_index: The video's number among the tracks.
        hdr: What the file says of the display it was graded on.
        is_lower_field_first: Whether, of two fields, the rows 1, 3, 5 ... are shown first.
        start_timecode: Of the first frame, ``HH:MM:SS:FF``, drop-frame ``HH:MM:SS;FF``; None where the file has none.
        breaks: Of a folder of pictures, those positions whose names do not count on from the one before; None for film.
        is_loose: Whether nothing says how much time lies between two pictures of a folder: no rate is stated for it.
    """

    path: Path
    width: int
    height: int
    rotation: int
    pixel_format: str
    color: ColorDescription
    color_is_assumed: bool
    time_base: Fraction
    average_rate: Fraction
    pts: tuple[int, ...]
    has_audio: bool
    other_streams: tuple[str, ...]
    tags: ColorTags
    orientation: Orientation
    display_matrix: tuple[int, ...] | None
    sample_aspect_ratio: Fraction | None
    is_interlaced: bool
    key_pts: tuple[int, ...]
    is_timed: bool
    last_duration: int
    stream_index: int
    hdr: StaticHdr | None
    is_lower_field_first: bool = False
    start_timecode: str | None = None
    breaks: frozenset[int] | None = None
    is_loose: bool = False

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height of a frame as it is stored."""
        return self.orientation.size(self.width, self.height)


@dataclass(frozen=True, slots=True)
class _Times:
    pts: tuple[int, ...]
    keys: tuple[int, ...] = ()
    is_timed: bool = True
    last_duration: int = 0


def probe(path: Path, rate: Fraction | None = None) -> ClipInfo:
    """Read what there is to know of a clip: its packets are listed, and its first frame is decoded.

    The whole file is read once, so the answer is remembered as long as size and time of change stay the same.

    Args:
        path: A file, or a folder of pictures.
        rate: Frames per second of a folder of pictures, where it is film and not a collection; files know theirs.

    Raises:
        MediaError: If it cannot be read, has no moving picture, or its colours are coded in a way nobody here undoes.
    """
    try:
        state = path.stat()
    except OSError:
        return _probed(path, -1, 0)  # which says what is wrong with it
    if path.is_dir():
        from .stills import probe_folder  # noqa: PLC0415 # which makes ClipInfo, and so imports this file

        return probe_folder(path, rate)
    return _probed(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _probed(path: Path, _size: int, _changed_ns: int) -> ClipInfo:
    picture, matrix = _first_frame(path)
    with open_media(path) as container:
        video = main_video(container, path)
        rate = _stated_rate(video)
        time_base = video.time_base or 1 / rate
        times = _times_from_packets(container, video, picture) or _times_from_frames(path, time_base, rate)
        if not times.pts:
            raise MediaError(path, "holds no frames", "the file may be cut off; copy it again from its source")
        orientation = orientation_of(matrix) if matrix else UPRIGHT
        width, height = orientation.size(picture.width, picture.height)
        tags = ColorTags(video.colorspace, video.color_primaries, video.color_trc, video.color_range)
        name = working_format(picture.format.name)
        is_hd = picture.width >= 1280 or picture.height >= 720
        color, is_assumed = describe_color(path, tags, name, _depth(name), is_hd=is_hd)
        return ClipInfo(
            path=path,
            width=width,
            height=height,
            rotation=orientation.rotation,
            pixel_format=name,
            color=color,
            color_is_assumed=is_assumed,
            time_base=time_base,
            average_rate=_average_rate(times.pts, time_base, rate),
            pts=times.pts,
            has_audio=bool(container.streams.audio),
            other_streams=tuple(_in_words(stream) for stream in container.streams if stream is not video),
            tags=tags,
            orientation=orientation,
            display_matrix=matrix,
            sample_aspect_ratio=video.sample_aspect_ratio or None,
            is_interlaced=picture.interlaced_frame,
            key_pts=times.keys,
            is_timed=times.is_timed,
            last_duration=times.last_duration or round(1 / (rate * time_base)),
            stream_index=video.index,
            hdr=static_hdr_of(picture),
            is_lower_field_first=video.codec_context.field_order in _LOWER_FIRST,
            start_timecode=start_timecode_of(container, video),
        )


def _first_frame(path: Path) -> tuple[av.VideoFrame, tuple[int, ...] | None]:
    with open_media(path) as container:
        video = main_video(container, path)
        is_empty = True
        for packet in packets_of(container, video):
            is_empty = is_empty and not packet.size
            try:
                pictures = video.decode(packet if packet.size else None)
            except av.FFmpegError:
                continue
            if pictures:
                matrix = side_data_of(pictures[0], Type.DISPLAYMATRIX)
                return pictures[0], struct.unpack("=9i", matrix) if matrix is not None else None
    found = "holds no frames" if is_empty else "none of its frames can be decoded"
    raise MediaError(path, found, "the file may be damaged or cut off; copy it again from its source")


def _times_from_packets(container: InputContainer, video: VideoStream, picture: av.VideoFrame) -> _Times | None:
    # Where packets are no frames (fields, VP8's hidden pictures) or their times are guesses (AVI), frames must tell.
    reorders = not video.codec.intra_only
    if picture.interlaced_frame or video.codec.name == "vp8" or (container.format.name == "avi" and reorders):
        return None
    for stream in container.streams:
        if stream is not video:
            stream.discard = Discard.all
    shown: list[tuple[int, int]] = []
    keys: list[int] = []
    for packet in packets_of(container, video):
        if not packet.size:
            continue
        if packet.pts is None:
            return None
        if packet.is_keyframe:
            keys.append(packet.pts)
        if not packet.is_discard:
            shown.append((packet.pts, packet.duration or 0))
    shown.sort()
    pts = tuple(time for time, _ in shown)
    if len(set(pts)) < len(pts):
        return None
    return _Times(pts, tuple(sorted(set(keys))), True, shown[-1][1] if shown else 0)


def _times_from_frames(path: Path, time_base: Fraction, rate: Fraction) -> _Times:
    step = max(round(1 / (rate * time_base)), 1)
    pts: list[int] = []
    with open_media(path) as container:
        video = main_video(container, path)
        video.thread_type = ThreadType.AUTO
        for packet in packets_of(container, video):
            try:
                pictures = video.decode(packet if packet.size else None)
            except av.FFmpegError:
                continue
            for picture in pictures:
                least = pts[-1] + 1 if pts else None
                stated = picture.pts
                if stated is None or (least is not None and stated < least):
                    stated = pts[-1] + step if pts else 0
                pts.append(stated)
    return _Times(tuple(pts), is_timed=False, last_duration=step)


def _stated_rate(video: VideoStream) -> Fraction:
    return video.average_rate or video.guessed_rate or video.base_rate or _USUAL_RATE


def _average_rate(pts: tuple[int, ...], time_base: Fraction, stated: Fraction) -> Fraction:
    if len(pts) < 2:
        return stated
    measured = (len(pts) - 1) / ((pts[-1] - pts[0]) * time_base)
    # A stated rate that the times bear out is the exact one: 30000/1001, not what rounded milliseconds give.
    return stated if abs(measured - stated) <= stated / 100 else measured.limit_denominator(100_000)


def _depth(pixel_format: str) -> int:
    return VideoFormat(pixel_format).components[0].bits


def _in_words(stream: av.stream.Stream) -> str:
    codec = stream.codec_context.name if stream.codec_context is not None else stream.name
    return " ".join(word for word in (stream.type, codec, stream.language and f"({stream.language})") if word)
