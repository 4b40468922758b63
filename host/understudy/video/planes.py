"""Where in a frame's memory do the samples of a pixel format lie?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt
from av.video.format import VideoFormat
from av.video.plane import VideoPlane

__all__ = ["PixelLayout", "exact_equivalents", "has_alpha", "layout_of", "plane_rows", "samples", "working_format"]

_SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "410": (4, 4), "440": (1, 2)}
_PLANAR = re.compile(r"yuv(?P<kind>[aj]?)(?P<sub>4\d\d)p(?P<depth>\d+)?(?P<end>le|be)?")
_PLANAR_RGB = re.compile(r"gbra?p(?P<depth>\d+)?(?P<end>le|be)?")
_SEMIPLANAR = re.compile(r"p(?P<sub>[024])(?P<depth>10|12|16)(?P<end>le|be)")
_GRAY = re.compile(r"gray(?P<depth>\d+)?(?P<end>le|be)?")
_PACKED_RGB = re.compile(r"(?P<order>[rgba0]{3,4})(?P<depth>24|48|64)?(?P<end>le|be)?")
_PACKED_422 = re.compile(r"y2(?P<depth>10|12|16)(?P<end>le|be)")


@dataclass(frozen=True, slots=True)
class Channel:
    """One of three channels: its plane, its first item and the distance between items of a row."""

    plane: int
    first: int = 0
    step: int = 1


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """A pixel format whose samples can be reached one by one.

    Attributes:
        model: ``ycc`` (luma, blue difference, red difference), ``rgb`` or ``gray``.
        channels: In the model's order; alpha is left out, and so never touched.
        depth: Bits of a sample.
        shift: Unused low bits beneath them.
        item: numpy's name of the type of an item.
        sub_x: Luma columns to a chroma sample.
        sub_y: Luma rows to a chroma sample.
        is_between: Whether chroma lies between two columns (JPEG), not on one (MPEG).
    """

    model: Literal["ycc", "rgb", "gray"]
    channels: tuple[Channel, ...]
    depth: int = 8
    shift: int = 0
    item: str = "u1"
    sub_x: int = 1
    sub_y: int = 1
    is_between: bool = False

    @property
    def top(self) -> int:
        """The greatest code value; of amounts of light, that of white."""
        return 1 if self.is_float else (1 << self.depth) - 1

    @property
    def is_float(self) -> bool:
        """Whether samples are amounts of light as floating-point numbers."""
        return self.item == "<f4"


_SEPARATE = (Channel(0), Channel(1), Channel(2))
_NAMED = {
    "nv12": PixelLayout("ycc", (Channel(0), Channel(1, 0, 2), Channel(1, 1, 2)), sub_x=2, sub_y=2),
    "nv21": PixelLayout("ycc", (Channel(0), Channel(1, 1, 2), Channel(1, 0, 2)), sub_x=2, sub_y=2),
    "nv16": PixelLayout("ycc", (Channel(0), Channel(1, 0, 2), Channel(1, 1, 2)), sub_x=2),
    "nv24": PixelLayout("ycc", (Channel(0), Channel(1, 0, 2), Channel(1, 1, 2))),
    "nv42": PixelLayout("ycc", (Channel(0), Channel(1, 1, 2), Channel(1, 0, 2))),
    "yuyv422": PixelLayout("ycc", (Channel(0, 0, 2), Channel(0, 1, 4), Channel(0, 3, 4)), sub_x=2),
    "yvyu422": PixelLayout("ycc", (Channel(0, 0, 2), Channel(0, 3, 4), Channel(0, 1, 4)), sub_x=2),
    "uyvy422": PixelLayout("ycc", (Channel(0, 1, 2), Channel(0, 0, 4), Channel(0, 2, 4)), sub_x=2),
    "ya8": PixelLayout("gray", (Channel(0, 0, 2),)),
    "ya16le": PixelLayout("gray", (Channel(0, 0, 2),), 16, item="<u2"),
    "ya16be": PixelLayout("gray", (Channel(0, 0, 2),), 16, item=">u2"),
    "gbrpf32le": PixelLayout("rgb", (Channel(2), Channel(0), Channel(1)), 32, item="<f4"),
    "gbrapf32le": PixelLayout("rgb", (Channel(2), Channel(0), Channel(1)), 32, item="<f4"),
}

# Formats that hold the same samples in another order: a codec that refuses one may take the other, with no loss.
_EQUIVALENTS = (
    ("yuv420p", "nv12", "nv21", "yuvj420p"),
    ("yuv422p", "nv16", "yuyv422", "uyvy422", "yvyu422", "yuvj422p"),
    ("yuv444p", "nv24", "nv42", "yuvj444p"),
    ("yuv420p10le", "p010le"),
    ("yuv422p10le", "p210le", "y210le"),
    ("yuv444p10le", "p410le"),
    ("gbrp", "rgb24", "bgr24", "rgb0", "bgr0", "0rgb", "0bgr"),
    ("gbrap", "rgba", "bgra", "argb", "abgr"),
    ("gbrp16le", "rgb48le", "bgr48le", "rgb48be", "bgr48be"),
    ("gbrap16le", "rgba64le", "bgra64le", "rgba64be"),
)


@lru_cache(maxsize=64)
def layout_of(pixel_format: str) -> PixelLayout | None:
    """Describe a pixel format, or return None if its samples cannot be reached (Bayer, palettes, half floats)."""
    if pixel_format in _NAMED:
        return _NAMED[pixel_format]
    for pattern, describe in (
        (_PLANAR, _planar),
        (_PLANAR_RGB, _planar_rgb),
        (_SEMIPLANAR, _semiplanar),
        (_GRAY, _gray),
        (_PACKED_422, _packed_422),
        (_PACKED_RGB, _packed_rgb),
    ):
        match = pattern.fullmatch(pixel_format)
        if match:
            return describe(match)
    return None


def working_format(pixel_format: str) -> str:
    """Name the format in which frames of a clip are handed on: its own, but a palette becomes the colours it names."""
    return "bgra" if pixel_format == "pal8" else pixel_format


def exact_equivalents(pixel_format: str) -> tuple[str, ...]:
    """List the other formats that hold exactly the same samples."""
    for family in _EQUIVALENTS:
        if pixel_format in family:
            return tuple(name for name in family if name != pixel_format)
    return ()


def has_alpha(pixel_format: str) -> bool:
    """Tell whether a pixel format says how much of each pixel is seen."""
    return any(one.is_alpha for one in VideoFormat(pixel_format).components)


def samples(picture: av.VideoFrame, layout: PixelLayout, channel: int) -> npt.NDArray[Any]:
    """View one channel of a frame, (rows, columns) of the layout's item; writing to it writes to the frame.

    The frame must be writable (``make_writable``) before anything is written.
    """
    place = layout.channels[channel]
    plane = picture.planes[place.plane]
    is_coarse = channel > 0 and layout.model == "ycc"
    rows = -(-picture.height // layout.sub_y) if is_coarse else picture.height
    columns = -(-picture.width // layout.sub_x) if is_coarse else picture.width
    return plane_rows(plane, layout.item)[:rows, place.first :: place.step][:, :columns]


def plane_rows(plane: VideoPlane, item: str) -> npt.NDArray[Any]:
    """View a plane's rows, with what lies between one and the next, as items of a type of numpy's."""
    items: npt.NDArray[Any] = np.frombuffer(plane, np.dtype(item))  # type: ignore[call-overload]  # is a buffer
    return items.reshape(-1, plane.line_size // items.itemsize)


def _item(depth: int, end: str | None) -> str:
    return "u1" if depth <= 8 else (">u2" if end == "be" else "<u2")


def _planar(match: re.Match[str]) -> PixelLayout | None:
    depth = int(match["depth"] or 8)
    if match["sub"] not in _SUBSAMPLING:
        return None
    sub_x, sub_y = _SUBSAMPLING[match["sub"]]
    is_between = match["kind"] == "j"
    return PixelLayout("ycc", _SEPARATE, depth, 0, _item(depth, match["end"]), sub_x, sub_y, is_between)


def _planar_rgb(match: re.Match[str]) -> PixelLayout:
    depth = int(match["depth"] or 8)
    return PixelLayout("rgb", (Channel(2), Channel(0), Channel(1)), depth, item=_item(depth, match["end"]))


def _semiplanar(match: re.Match[str]) -> PixelLayout:
    depth = int(match["depth"])
    sub_x, sub_y = {"0": (2, 2), "2": (2, 1), "4": (1, 1)}[match["sub"]]
    channels = (Channel(0), Channel(1, 0, 2), Channel(1, 1, 2))
    return PixelLayout("ycc", channels, depth, 16 - depth, _item(16, match["end"]), sub_x, sub_y)


def _gray(match: re.Match[str]) -> PixelLayout:
    depth = int(match["depth"] or 8)
    return PixelLayout("gray", (Channel(0),), depth, item=_item(depth, match["end"]))


def _packed_422(match: re.Match[str]) -> PixelLayout:
    depth = int(match["depth"])
    channels = (Channel(0, 0, 2), Channel(0, 1, 4), Channel(0, 3, 4))
    return PixelLayout("ycc", channels, depth, 16 - depth, _item(16, match["end"]), sub_x=2)


def _packed_rgb(match: re.Match[str]) -> PixelLayout | None:
    order, bits = match["order"], int(match["depth"] or 0)
    if sorted(order.replace("0", "a").replace("a", "")) != ["b", "g", "r"]:
        return None
    if bits not in {0, 24, 48, 64}:
        return None
    depth = 16 if bits in {48, 64} else 8
    step = len(order)
    channels = tuple(Channel(0, order.index(name), step) for name in "rgb")
    return PixelLayout("rgb", channels, depth, item=_item(depth, match["end"]))
