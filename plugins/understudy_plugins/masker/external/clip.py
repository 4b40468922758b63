"""How is any frame of a matte clip reached, quickly when frames are asked for in order?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer

from understudy_sdk import StageError

from .decode import Channel, Matte, matte_of

__all__ = ["MatteClip"]

_PATIENCE: Final = 48
"""How many frames are decoded in passing before it is quicker to seek."""


class MatteClip:
    """A clip whose frames are mattes.

    Attributes:
        pts: Every frame's time in ticks, ascending.
        time_base: Seconds per tick.
        step: Ticks from one frame to the next, on average.
    """

    def __init__(self, path: Path, channel: Channel, threads: int) -> None:
        """List the clip's frames; none is decoded yet.

        Raises:
            StageError: It cannot be read, or its frames have no times.
        """
        self._path, self._channel, self._threads = path, channel, threads
        self._container: InputContainer | None = None
        self._pictures: Iterator[av.VideoFrame] = iter(())
        self._passed = -1
        with self._opened() as container:
            stream = container.streams.video[0]
            times = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]
            rate, time_base = stream.average_rate, stream.time_base
        self.pts = sorted({time for time in times if time is not None})
        if not self.pts or None in times or time_base is None:
            raise StageError(f"the matte {path} has no frames with times\n  export it again, as .mov or .mp4")
        self.time_base = time_base
        count = len(self.pts) - 1
        stated = 1 / (rate * time_base) if rate else Fraction(1)
        self.step = Fraction(self.pts[-1] - self.pts[0], count) if count else stated

    def read(self, position: int) -> Matte:
        """Return the frame at a position, counted from 0.

        Raises:
            StageError: It cannot be decoded.
        """
        if not 0 < position - self._passed <= _PATIENCE:
            self._seek(position)
        picture = self._advance(position)
        if picture is None:  # the search landed behind it, as demuxers do now and then
            self._rewind()
            picture = self._advance(position)
        if picture is None:
            raise StageError(f"frame {position} of the matte {self._path} cannot be decoded\n  export it again")
        return matte_of(picture, self._channel, self._path)

    def close(self) -> None:
        """Let go of the file; the next read opens it again."""
        if self._container is not None:
            self._container.close()
        self._container, self._passed = None, -1

    def _advance(self, position: int) -> av.VideoFrame | None:
        """Decode on to a frame; None where it does not come."""
        wanted = self.pts[position]
        try:
            for picture in self._pictures:
                if picture.pts is None or picture.pts < wanted:
                    continue
                self._passed = position
                return picture if picture.pts == wanted else None
        except av.FFmpegError as error:
            raise StageError(f"the matte {self._path} is damaged: {error}\n  export it again") from error
        return None

    def _seek(self, position: int) -> None:
        is_near_start = position <= _PATIENCE
        container = self._rewind() if is_near_start or self._container is None else self._container
        if not is_near_start:
            stream = container.streams.video[0]
            container.seek(self.pts[position], stream=stream, backward=True)
            self._pictures = container.decode(stream)

    def _rewind(self) -> InputContainer:
        self.close()
        self._container = self._opened()
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.thread_count = self._threads
        self._pictures = self._container.decode(stream)
        return self._container

    def _opened(self) -> InputContainer:
        try:
            container = av.open(str(self._path))
        except av.FFmpegError as error:
            raise StageError(
                f"the matte {self._path} cannot be opened: {error}\n  choose a clip, or a folder of pictures"
            ) from error
        if not container.streams.video:
            container.close()
            raise StageError(f"the matte {self._path} has no moving picture\n  choose a clip, or a folder of pictures")
        return container
