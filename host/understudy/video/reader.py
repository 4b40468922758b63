"""How are a clip's frames read, each exactly once and each by its own time?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from .clip import ClipInfo, probe
from .color import swscale_matrix
from .container import main_video, open_media, packets_of
from .frame import DecodedFrame
from .planes import exact_equivalents, working_format
from .stills import StillFrame, read_still, stills_of

__all__ = ["ClipReader"]


class ClipReader:
    """Reads frames of one clip by position; one range at a time.

    Attributes:
        info: The clip's facts.
        undecodable: Positions that were asked for and could not be decoded, ascending per range.
    """

    def __init__(self, path: Path, info: ClipInfo | None = None, *, threads: int = 0) -> None:
        """Take a clip; ``threads`` decode at the same time (0: as many as there are cores)."""
        self.info = info if info is not None else probe(path)
        self.undecodable: list[int] = []
        self._path, self._threads = path, threads
        self._container: InputContainer | None = None
        # One converts while frames are decoded, the other what is asked of frames that were handed out, and that may be
        # in another thread: a converter serves one at a time.
        self._reformatter, self._lent = VideoReformatter(), VideoReformatter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[DecodedFrame]:
        """Yield the frames at positions ``start`` to ``stop`` (exclusive; the clip's end if None) in order.

        A frame that cannot be decoded is passed over and noted in ``undecodable``.

        Raises:
            MediaError: If the file has gone or cannot be opened any more.
        """
        stop = len(self.info.pts) if stop is None else min(stop, len(self.info.pts))
        if self.info.breaks is not None:
            yield from self._stills(start, stop)
            return
        position = start
        # Threads report a damaged place late and take good frames down with it. So at the first one, the rest of the
        # range is read by a single thread, which loses no more than the damaged frame.
        for is_threaded in (True, False):
            try:
                for frame in self._decoded(position, stop, is_threaded=is_threaded):
                    self.undecodable += range(position, frame.index)
                    position = frame.index + 1
                    yield frame
            except av.FFmpegError:
                continue
            break
        self.undecodable += range(position, stop)

    def _stills(self, start: int, stop: int) -> Iterator[StillFrame]:
        paths = stills_of(self.info)
        for position in range(start, stop):
            still = read_still(self.info, paths, position)
            if still is None:
                self.undecodable.append(position)
            else:
                yield StillFrame(still, self.info, position, self._lent, paths[position])

    def _decoded(self, start: int, stop: int, *, is_threaded: bool) -> Iterator[DecodedFrame]:
        if start >= stop:
            return
        video, packets = self._entered(start, is_threaded=is_threaded)
        pts, count, last = self.info.pts, 0, -1
        for packet in packets:
            for picture in self._pictures(video, packet, is_threaded=is_threaded):
                index = count
                count += 1
                if self.info.is_timed:
                    index = bisect_left(pts, picture.pts) if picture.pts is not None else len(pts)
                    if index < len(pts) and pts[index] != picture.pts:
                        continue
                if index >= stop:
                    return
                if index < start or index <= last:
                    continue
                last = index
                unlike = self._unlikeness(picture)
                yield DecodedFrame(self._conformed(picture), self.info, index, self._lent, unlike)
                if index == stop - 1:
                    return

    @staticmethod
    def _pictures(video: VideoStream, packet: Packet[Stream], *, is_threaded: bool) -> list[av.VideoFrame]:
        try:
            return video.decode(packet if packet.size else None)
        except av.FFmpegError:
            if is_threaded:
                raise
            return []

    def _entered(self, position: int, *, is_threaded: bool) -> tuple[VideoStream, Iterator[Packet[Stream]]]:
        """Open the clip so that decoding reaches a position with all it depends on."""
        container, video = self._opened(is_threaded=is_threaded)
        key = bisect_right(self.info.key_pts, self.info.pts[position]) - 1
        # Frames after a key frame depend on nothing before it; frames shown before it may, also if stored after it.
        # Demuxers search by either time, so what they found is checked and, if it lies too late, sought further back.
        back = 0
        while self.info.is_timed and key - back > 0:
            try:
                container.seek(self.info.key_pts[key - back], stream=video, backward=True)
            except av.FFmpegError:
                break
            packets = packets_of(container, video)
            first = next((packet for packet in packets if packet.is_keyframe or not packet.size), None)
            if first is not None and first.size and first.pts is not None and first.pts <= self.info.key_pts[key]:
                return video, chain((first,), packets)
            back = back * 2 + 1
        container, video = self._opened(is_threaded=is_threaded)
        return video, packets_of(container, video)

    def _opened(self, *, is_threaded: bool) -> tuple[InputContainer, VideoStream]:
        self.close()
        self._container = container = open_media(self._path)
        video = main_video(container, self._path)
        video.thread_type = ThreadType.AUTO if is_threaded else ThreadType.NONE
        video.thread_count = self._threads if is_threaded else 1
        return container, video

    def _unlikeness(self, picture: av.VideoFrame) -> str:
        """Say what a frame is, in words, where it is not what the clip began as."""
        info, found = self.info, list[str]()
        if (picture.width, picture.height) != info.stored_size:
            found.append(f"{picture.width} x {picture.height}")
        if working_format(picture.format.name) != info.pixel_format:
            found.append(picture.format.name)
        if picture.interlaced_frame and not info.is_interlaced:
            found.append("interlaced")
        return ", ".join(found)

    def _conformed(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Bring a frame to the clip's format, should a stream change it midway, and its rows in order."""
        info = self.info
        is_same = picture.format.name == info.pixel_format
        if is_same and picture.planes[0].line_size < 0 and exact_equivalents(info.pixel_format):
            # Stored bottom row first: there and back through another order of the same samples rights it exactly.
            picture = self._converted(picture, exact_equivalents(info.pixel_format)[0])
            is_same = False
        return picture if is_same else self._converted(picture, info.pixel_format)

    def _converted(self, picture: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
        color = self.info.color
        matrix, levels = (swscale_matrix(color), 2 if color.is_full_range else 1) if color.matrix else (None, None)
        stated = int(picture.color_range)  # of this frame, which may differ from the clip's
        return self._reformatter.reformat(
            picture,
            format=pixel_format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=(stated or levels) if color.matrix else None,
            dst_color_range=levels,
            threads=1,
        )
