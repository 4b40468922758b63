"""How do pictures, and a sound if there is one, become a small clip?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from understudy_sdk.types import F32, U8

from .aside import written_aside

__all__ = ["film"]


ENCODING: Final = {"crf": "15", "preset": "medium", "threads": "2"}
SOUND_BLOCK: Final = 1024


def film(path: Path, pictures: Iterable[U8], rate: int, sound: tuple[F32, int] | None, tags: Mapping[str, str]) -> None:
    """Write an MP4 of H.264 4:2:0 in BT.709, with a mono AAC track if there is sound; the same input, the same file.

    The file appears under its name when it is whole.

    Args:
        path: Where to.
        pictures: uint8 (H, W, 3), RGB, all of one even size.
        rate: Frames per second.
        sound: float32 samples (N,), -1 to 1, and their rate; None for a silent clip.
        tags: The container's metadata.

    Raises:
        MediaError: When it cannot be written.
    """
    movflags = {"movflags": "use_metadata_tags"}
    with written_aside(path) as aside, av.open(aside, "w", format="mp4", options=movflags) as container:
        container.metadata.update(tags)
        video = container.add_stream("libx264", rate=rate, options=ENCODING)
        audio = container.add_stream("aac", rate=sound[1], layout="mono") if sound else None
        for number, rgb in enumerate(pictures):
            if number == 0:
                _describe(video, rgb)
            frame = _to_yuv(rgb)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound and audio:
            for block in _blocks(*sound):
                container.mux(audio.encode(block))
            container.mux(audio.encode())


def _blocks(samples: F32, rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), SOUND_BLOCK):
        block = np.ascontiguousarray(samples[None, start : start + SOUND_BLOCK])
        heard = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = rate, start, Fraction(1, rate)
        yield heard


def _describe(video: av.VideoStream, rgb: U8) -> None:
    """Set the stream's size, pixel format and colour tags."""
    video.height, video.width = rgb.shape[:2]
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.colorspace, context.color_range = Colorspace.ITU709.value, ColorRange.MPEG.value
    context.color_primaries, context.color_trc = ColorPrimaries.BT709.value, ColorTrc.BT709.value


def _to_yuv(rgb: U8) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )
