"""Does an encoder open on this machine, and with these options?

An encoder of a graphics card is tried in a process of its own: a driver that is not there, or of another version, may
end the process that asks it, or never answer. That it stands in FFmpeg's list says only that FFmpeg knows of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final

import av
from av.codec import Codec

from understudy.scheduling import usual_scheduling

from .catalogue import stored_formats, traits_of

__all__ = ["frame_fault", "opening_fault", "option_fault"]

SIDE: Final = 256
PATIENCE_S: Final = 20.0


def option_fault(codec: Codec, options: Mapping[str, str], pixel_format: str) -> str:
    """Say why an encoder does not open with these options, ready for ``format(codec, name, text)``; empty: it does."""
    context = av.VideoCodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = SIDE, SIDE, pixel_format
    context.time_base = Fraction(1, 25)
    if codec.name == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # its only switch against talking to the terminal
    context.options = dict(options)
    try:
        with usual_scheduling():
            context.open()
    except (av.error.FFmpegError, ValueError):
        return "{codec} does not take {text!r} as {name}"
    return "{codec} has no option {name}" if context.options else ""


def opening_fault(codec: Codec) -> str:
    """Say why an encoder that needs hardware does not encode a frame here; empty where it does, or needs none."""
    traits = traits_of(codec)
    return _card_fault(codec.name, traits.vendor) if traits.vendor else ""


@lru_cache(maxsize=64)
def _card_fault(name: str, vendor: str) -> str:
    formats = stored_formats(Codec(name, "w"))
    if not formats and traits_of(Codec(name, "w")).vendor == "VAAPI":
        return "takes only pictures that lie in the card's memory, where none are made here"
    command = [sys.executable, "-m", "understudy.encoders.trial", name, (formats or ["yuv420p"])[0]]
    try:
        done = subprocess.run(  # noqa: S603 - this Python, and a name of FFmpeg's own list
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"does not answer: see whether the {vendor} driver works"
    if done.returncode:
        return f"ends its process: the {vendor} driver may be damaged or of another version"
    fault = json.loads(done.stdout.splitlines()[-1])["fault"]
    return f"does not open: no {vendor} device that encodes it, or no driver for it ({fault})" if fault else ""


def frame_fault(name: str, pixel_format: str, options: Mapping[str, str] | None = None) -> str:
    """Encode one frame, and say in the library's words what went wrong; for hardware, see ``opening_fault``."""
    context = av.VideoCodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = SIDE, SIDE, pixel_format
    context.time_base = Fraction(1, 25)
    context.options = dict(options or {})
    if name == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # its only switch against talking to the terminal
    try:
        with usual_scheduling():
            context.open()
        frame = av.VideoFrame(SIDE, SIDE, pixel_format)
        frame.pts, frame.time_base = 0, context.time_base
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        packets = [*context.encode(frame), *context.encode(None)]
    except (av.error.FFmpegError, ValueError, OSError) as error:
        return str(getattr(error, "strerror", None) or error).splitlines()[0]
    return "" if packets else "it gave no picture back"


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"fault": frame_fault(sys.argv[1], sys.argv[2])}) + "\n")
