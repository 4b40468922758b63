"""How is a media file opened for reading, and what is said when it cannot be?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from understudy.errors import MediaError

__all__ = ["is_picture_of_cover", "main_video", "open_media", "packets_of"]

# Demuxers that draw a "video" out of plain text; a text file named by mistake must not pass for footage.
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf", "txd"})
_COVERS = Disposition.attached_pic | Disposition.timed_thumbnails
_PATIENCE = 16  # read errors in a row after which a file counts as ended


def open_media(path: Path) -> InputContainer:
    """Open a media file for reading.

    Raises:
        MediaError: If there is no such file, it is a folder, may not be read or is no media file.
    """
    if path.is_dir():
        raise MediaError(path, "is a folder, not a clip", "name one of the files in it")
    try:
        # Absolute, because FFmpeg takes what stands before a colon for a protocol; and files only, because a
        # playlist may name addresses. Tags in old encodings pass through unharmed.
        container = av.open(
            str(path.absolute()), "r", options={"protocol_whitelist": "file"}, metadata_errors="surrogateescape"
        )
    except FileNotFoundError as error:
        raise MediaError(path, "there is no such file", "check the path") from error
    except PermissionError as error:
        raise MediaError(path, "may not be read", "give yourself the right to read it") from error
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            path, f"is not a video, or is cut off at the front ({_reason(error)})", "see whether a player opens it"
        ) from error
    if container.format.name in _TEXT_FORMATS:
        container.close()
        raise MediaError(path, "is a text, not a video", "name a video file")
    return container


def main_video(container: InputContainer, path: Path) -> VideoStream:
    """Return the first video track that is not a cover picture.

    Raises:
        MediaError: If there is none, or nothing here decodes it.
    """
    tracks = [stream for stream in container.streams.video if not is_picture_of_cover(stream)]
    if not tracks:
        found = "only sound" if container.streams.audio else "no video track"
        raise MediaError(path, f"has {found}, no moving picture", "name a clip with a video track")
    if tracks[0].codec_context is None:
        raise MediaError(path, "is coded in a way no decoder here knows", "convert it to another codec first")
    return tracks[0]


def is_picture_of_cover(stream: VideoStream) -> bool:
    """Tell cover art and thumbnails from footage."""
    return bool(stream.disposition & _COVERS)


def packets_of(container: InputContainer, *streams: av.stream.Stream) -> Iterator[Packet[av.stream.Stream]]:
    """Read the packets of some tracks, passing over damaged places; the last of each track is empty (it flushes)."""
    failures = 0
    while failures < _PATIENCE:
        try:
            for packet in container.demux(streams):
                failures = 0
                yield packet
        except av.FFmpegError:
            failures += 1
        else:
            return


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
