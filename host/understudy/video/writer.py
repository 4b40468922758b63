"""How is a run of frames encoded into a chunk that joins with its neighbours?"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
from av.container import OutputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from understudy.errors import MediaError

from .aside import begin_aside, drop_aside, explaining, settle_aside
from .clip import ClipInfo
from .color import swscale_matrix
from .encoding import (
    EncoderRefusal,
    Encoding,
    completed_options,
    is_float,
    open_encoder,
    set_up,
    stored_format,
    stored_tags,
)
from .light import light_picture
from .orientation import UPRIGHT
from .picture_files import upright_picture

__all__ = ["FIRST_PTS", "ChunkWriter"]

FIRST_PTS = "understudy_first_pts"  # the tag by which a chunk tells where in the clip it belongs

# NUT keeps any codec's packets in coding order with exact times; what it does not know (ProRes, DNxHD and other codecs
# of cameras and edits, all without reordering) QuickTime does.
_CHUNK_FORMATS = ("nut", "mov")
_SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class ChunkWriter:
    """Writes one chunk: consecutive frames of a clip in closed groups of pictures, the first of them a key frame.

    The file appears when the ``with`` block ends without an exception. The same frames and settings give the same
    bytes; but x264's lookahead, in frames whose rows do not fill its blocks, now and then codes a frame otherwise.
    """

    def __init__(self, path: Path, info: ClipInfo, encoding: Encoding) -> None:
        """Name the chunk, the clip its frames belong to and how to code them.

        Raises:
            MediaError: If there is no such encoder, or it stores neither the pixel format nor an exact equivalent.
        """
        self._path, self._info, self._encoding = path, info, encoding
        try:
            self._format = stored_format(info, encoding)
        except EncoderRefusal as refusal:
            raise MediaError(path, refusal.what, refusal.advice) from refusal
        self._part: Path | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._first_pts: int | None = None
        self._reformatter = VideoReformatter()

    def __enter__(self) -> Self:
        self._part = begin_aside(self._path)
        try:
            with explaining(self._path):
                self._container, self._stream = self._opened(self._part)
            self._open_encoder(self._stream)
        except BaseException:
            self._abandon()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abandon()
            return
        assert self._part is not None
        try:
            if self._first_pts is None:
                raise MediaError(self._path, "got no frames to write", "the clip may be damaged in this place")
            self._encode(None)
            with explaining(self._path):
                self._container.close()  # type: ignore[union-attr]  # _encode has made sure of it
            self._container = self._stream = None  # with them go the frames that the encoder held
            settle_aside(self._part, self._path)
        except BaseException:
            self._abandon()
            raise

    def add(self, frame: av.VideoFrame) -> None:
        """Add the next frame, in the clip's pixel format and with its pts in the clip's ticks.

        Raises:
            MediaError: If the disk is full, or the encoder fails.
        """
        assert frame.pts is not None, "a frame without a pts has no place in a chunk"
        if self._first_pts is None:
            self._first_pts = frame.pts
        stored = self._converted(frame)
        stored.pts, stored.time_base = frame.pts - self._first_pts, self._info.time_base
        self._encode(stored)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        assert self._container is not None, "a chunk is written inside its with block"
        assert self._stream is not None
        if self._first_pts is not None:
            self._container.metadata[FIRST_PTS] = str(self._first_pts)  # written with the header, at the first packet
        with explaining(self._path):
            self._container.mux(self._stream.encode(frame))

    def _opened(self, part: Path) -> tuple[OutputContainer, VideoStream]:
        options = completed_options(self._encoding, self._info)
        for name in _CHUNK_FORMATS:
            # mov would round times to a clock of its own choosing, and keeps unknown tags only when asked to
            clock = str(self._info.time_base.denominator)
            extra = {"movflags": "use_metadata_tags", "video_track_timescale": clock} if name == "mov" else {}
            container = av.open(str(part.absolute()), "w", format=name, container_options=extra)
            try:
                stream = container.add_stream(self._encoding.codec, rate=self._info.average_rate, options=options)
            except ValueError:  # this format does not hold the codec
                container.close()
                continue
            return container, cast(VideoStream, stream)
        raise MediaError(self._path, f"{self._encoding.codec} cannot be kept in chunks", "choose another codec")

    def _open_encoder(self, stream: VideoStream) -> None:
        stream.time_base = self._info.time_base
        set_up(stream.codec_context, self._info, self._encoding, self._format)
        try:
            open_encoder(stream.codec_context, self._info, self._encoding, self._format)
        except EncoderRefusal as refusal:
            raise MediaError(self._path, refusal.what, refusal.advice) from refusal

    def _converted(self, frame: av.VideoFrame) -> av.VideoFrame:
        if is_float(self._format) and not is_float(frame.format.name):
            return light_picture(frame, self._info, self._format)
        stored = frame if frame.format.name == self._format else self._reformatted(frame)
        turn = self._info.orientation
        return upright_picture(stored, turn) if self._encoding.is_sequence and turn != UPRIGHT else stored

    def _reformatted(self, frame: av.VideoFrame) -> av.VideoFrame:
        color, tags = self._info.color, stored_tags(self._info, self._format)
        is_relabelled = self._info.pixel_format.startswith("yuvj")
        levels = 2 if color.is_full_range else 1
        is_turned = tags.matrix != self._info.tags.matrix  # between RGB and luma and chroma
        matrix = swscale_matrix(color) if color.matrix else (tags.matrix if is_turned else None)
        stored = self._reformatter.reformat(
            frame,
            format=self._format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=levels,
            dst_color_range=tags.range if is_turned else levels,
            interpolation=_SCALER,
            threads=1,
        )
        stored.colorspace = tags.matrix
        stored.color_range = levels if is_relabelled else tags.range
        return stored

    def _abandon(self) -> None:
        # The encoder holds frames and the muxer a file; both go before the part is removed.
        if self._container is not None:
            with suppress(av.FFmpegError, OSError):  # the same trouble again, of a file that goes anyway
                self._container.close()
        self._container = self._stream = None
        if self._part is not None:
            drop_aside(self._part)
