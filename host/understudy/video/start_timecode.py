"""Which time code does a clip's first frame carry?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from av.container import InputContainer
from av.video.stream import VideoStream

__all__ = ["start_timecode_of"]

_FORM = re.compile(r"(\d{2}:[0-5]\d:[0-5]\d)([:;.,])(\d{2,3})")


def start_timecode_of(container: InputContainer, video: VideoStream) -> str | None:
    """Return the time code of a clip's first frame, ``HH:MM:SS:FF`` or, drop-frame, ``HH:MM:SS;FF``.

    The video's own tag goes first, then the file's, then that of a time code track. None where there is none.
    """
    for tags in _tags(container, video):
        text = next((value for key, value in tags.items() if key.lower() == "timecode"), "")
        if match := _FORM.fullmatch(text.strip()):
            return f"{match[1]}{':' if match[2] == ':' else ';'}{match[3]}"
    return None


def _tags(container: InputContainer, video: VideoStream) -> Iterator[dict[str, str]]:
    yield video.metadata
    yield container.metadata
    for stream in container.streams:
        if stream is not video:
            yield stream.metadata
