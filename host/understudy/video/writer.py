"""How is a run of frames encoded into a chunk that joins with its neighbours?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
from av.container import OutputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from understudy.errors import MediaError
from understudy.scheduling import usual_scheduling

from .aside import begin_aside, drop_aside, explaining, settle_aside
from .clip import ClipInfo
from .color import swscale_matrix
from .hdr import hdr_options
from .planes import exact_equivalents

__all__ = ["FIRST_PTS", "ChunkWriter", "Encoding"]

FIRST_PTS = "understudy_first_pts"  # the tag by which a chunk tells where in the clip it belongs

# NUT keeps any codec's packets in coding order with exact times; what it does not know (ProRes, DNxHD and other codecs
# of cameras and edits, all without reordering) QuickTime does.
_CHUNK_FORMATS = ("nut", "mov")
_SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_THREADS = "4"  # fixed, because x264's and x265's result depends on their number


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the result is coded.

    Attributes:
        codec: An encoder of FFmpeg, such as ``libx264``, ``prores_ks``, ``ffv1``.
        options: The encoder's options, such as ``crf`` and ``preset``.
        pixel_format: FFmpeg's name of the format to store; None keeps the clip's.
    """

    codec: str
    options: Mapping[str, str] = field(default_factory=dict)
    pixel_format: str | None = None


class ChunkWriter:
    """Writes one chunk: consecutive frames of a clip in closed groups of pictures, the first of them a key frame.

    The file appears when the ``with`` block ends without an exception. The same frames and settings give the same
    bytes.
    """

    def __init__(self, path: Path, info: ClipInfo, encoding: Encoding) -> None:
        """Name the chunk, the clip its frames belong to and how to code them.

        Raises:
            MediaError: If there is no such encoder, or it stores neither the pixel format nor an exact equivalent.
        """
        self._path, self._info, self._encoding = path, info, encoding
        self._format = _stored_format(path, info, encoding)
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
        options = _completed(self._encoding, self._info)
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
        self._set_up(stream)
        width, height = self._info.stored_size
        codec = self._encoding.codec
        advice = "check the codec's options; some codecs take sizes and rates of a list only"
        if width % 2 or height % 2:
            advice = "an odd size needs a codec or format that takes it: pixel_format yuv444p, or libsvtav1, or ffv1"
        try:
            with usual_scheduling():
                stream.codec_context.open()
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                self._path,
                f"{codec} refuses {width} x {height} px {self._format} with {dict(self._encoding.options)} ({error})",
                advice,
            ) from error
        unknown = ", ".join(sorted(stream.codec_context.options))
        if unknown:
            raise MediaError(self._path, f"{codec} knows no option {unknown}", "correct or drop it in the project file")

    def _set_up(self, stream: VideoStream) -> None:
        info = self._info
        context = stream.codec_context
        context.width, context.height = info.stored_size
        context.pix_fmt = self._format
        stream.time_base = context.time_base = info.time_base
        context.color_primaries, context.color_trc = info.tags.primaries, info.tags.transfer
        context.colorspace, context.color_range = info.tags.matrix, info.tags.range
        if self._is_relabelled():
            context.color_range = 2
        if info.sample_aspect_ratio:
            context.sample_aspect_ratio = info.sample_aspect_ratio

    def _is_relabelled(self) -> bool:
        """Tell whether full range must be stated in a tag, because the stored format's name no longer implies it."""
        return self._info.pixel_format.startswith("yuvj") and not self._format.startswith("yuvj")

    def _converted(self, frame: av.VideoFrame) -> av.VideoFrame:
        if frame.format.name == self._format:
            return frame
        color = self._info.color
        levels = 2 if color.is_full_range else 1
        stored = self._reformatter.reformat(
            frame,
            format=self._format,
            src_colorspace=swscale_matrix(color) if color.matrix else None,
            dst_colorspace=swscale_matrix(color) if color.matrix else None,
            src_color_range=levels,
            dst_color_range=levels,
            interpolation=_SCALER,
            threads=1,
        )
        stored.colorspace = self._info.tags.matrix
        stored.color_range = levels if self._is_relabelled() else self._info.tags.range
        return stored

    def _abandon(self) -> None:
        # The encoder holds frames and the muxer a file; both go before the part is removed.
        if self._container is not None:
            with suppress(av.FFmpegError, OSError):  # the same trouble again, of a file that goes anyway
                self._container.close()
        self._container = self._stream = None
        if self._part is not None:
            drop_aside(self._part)


def _stored_format(path: Path, info: ClipInfo, encoding: Encoding) -> str:
    try:
        codec = av.Codec(encoding.codec, "w")
    except av.codec.codec.UnknownCodecError:
        raise MediaError(
            path, f"there is no encoder called {encoding.codec!r}", "try libx264, libx265, libsvtav1, prores_ks or ffv1"
        ) from None
    takes = [known.name for known in codec.video_formats or ()]
    wanted = encoding.pixel_format or info.pixel_format
    if not takes or wanted in takes:
        return wanted
    for name in exact_equivalents(wanted):
        if name in takes:
            return name
    raise MediaError(
        path,
        f"{encoding.codec} does not store {wanted}",
        f"set the output's pixel_format to one it does: {', '.join(takes)}; or choose another codec",
    )


def _completed(encoding: Encoding, info: ClipInfo) -> dict[str, str]:
    """Add to the user's options: what the clip's HDR needs, closed groups of pictures, and silence on the terminal."""
    options = {"threads": _THREADS}
    if encoding.pixel_format is None or encoding.pixel_format == info.pixel_format:
        options |= hdr_options(encoding.codec, info.hdr)
    if encoding.codec == "libx265":
        options["x265-params"] = _listed(options.get("x265-params"), "log-level=error:open-gop=0")
    if encoding.codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # its only switch
    for key, value in encoding.options.items():
        options[key] = _listed(options.get(key), value) if key.endswith("-params") else value
    return options


def _listed(ours: str | None, theirs: str) -> str:
    return f"{ours}:{theirs}" if ours else theirs  # of an option said twice, the later counts
