"""How does one frame of a layer become a PNG or an EXR?

PNG has red, green, blue and alpha of 16 bits in the clip's own transfer; it names that transfer in a ``cICP`` chunk
(PNG, third edition). EXR has half floats up to 10 bits of the clip and whole ones beyond, packed by ZIP without loss.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext

from understudy.video.planes import plane_rows
from understudy_sdk import ColorDescription

__all__ = ["PNG_TOP", "PictureKind", "PictureMaker"]

F32 = npt.NDArray[np.float32]

PictureKind = Literal["png16", "exr"]

PNG_TOP: Final = 65535
_RGB: Final = 0
_FULL: Final = 2
_LINEAR: Final = 8
_HALF_BITS: Final = 10
_FORMATS: Final = {
    ("png16", 4): "rgba64be",
    ("png16", 1): "gray16be",
    ("exr", 4): "gbrapf32le",
    ("exr", 1): "grayf32le",
}
_PLANES: Final = (1, 2, 0, 3)  # green, blue, red, alpha


class PictureMaker:
    """Makes pictures of one size, each by itself; ``channels`` of them are 4 with alpha, or 1 of a mask."""

    def __init__(
        self,
        kind: PictureKind,
        size: tuple[int, int],
        channels: Literal[1, 4],
        color: ColorDescription,
        *,
        is_linear: bool,
    ) -> None:
        """Take columns and rows, the number of channels (4: with alpha; 1: a mask) and what the numbers mean."""
        self.channels = channels
        self._kind, self._size = kind, size
        self._primaries, self._transfer = color.primaries, _LINEAR if is_linear else color.transfer
        self._options = (
            {"compression_level": "4", "pred": "sub"}
            if kind == "png16"
            else {"compression": "zip16", "format": "half" if color.bit_depth <= _HALF_BITS else "float"}
        )

    def encoded(self, picture: F32) -> bytes:
        """Return a file's content for a picture, float32 (h, w, channels)."""
        frame = self._frame(picture)
        context = VideoCodecContext.create("png" if self._kind == "png16" else "exr", "w")
        context.width, context.height = self._size
        context.pix_fmt, context.time_base = frame.format.name, Fraction(1, 25)
        context.options = dict(self._options)
        context.thread_count = 1
        if self.channels > 1:
            context.color_primaries, context.color_trc = self._primaries, self._transfer
        return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))

    def _frame(self, picture: F32) -> av.VideoFrame:
        width, height = self._size
        frame = av.VideoFrame(width, height, _FORMATS[self._kind, self.channels])
        if self.channels > 1:
            frame.color_primaries, frame.color_trc = self._primaries, self._transfer
            frame.colorspace, frame.color_range = _RGB, _FULL
        if self._kind == "png16":
            numbers = np.rint(np.clip(picture, 0, 1) * np.float32(PNG_TOP)).astype(">u2")
            plane_rows(frame.planes[0], ">u2")[:, : width * self.channels] = numbers.reshape(height, -1)
        else:
            for place, plane in enumerate(frame.planes):
                channel = _PLANES[place] if self.channels > 1 else 0
                plane_rows(plane, "<f4")[:, :width] = picture[..., channel]
        return frame
