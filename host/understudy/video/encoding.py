"""How is a clip's result coded, and can it be?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import av
from av.codec import Codec
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat

from understudy.encoders import LIKE_SOURCE, encoder_options, stored_formats
from understudy.encoders.catalogue import encoder_named
from understudy.encoders.options import joined_params
from understudy.errors import RequestError
from understudy.scheduling import usual_scheduling
from understudy_sdk.linear_light import has_light

from .clip import ClipInfo
from .color import ColorTags
from .hdr import hdr_options
from .planes import exact_equivalents, has_alpha

if TYPE_CHECKING:
    from understudy.project import VideoSettings

__all__ = ["EncoderRefusal", "Encoding", "check_encoding", "encoding_for", "open_encoder", "stored_format"]

_THREADS = "4"  # fixed, because x264's and x265's result depends on their number
_FULL, _LIMITED = 2, 1  # code points of the range in FFmpeg


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the result is coded.

    Attributes:
        codec: An encoder of FFmpeg, such as ``libx264``, ``prores_ks``, ``ffv1``.
        options: The encoder's options, such as ``crf`` and ``preset``.
        pixel_format: FFmpeg's name of the format to store; None keeps the clip's.
        is_sequence: Whether each frame becomes a picture of its own, which stands upright, for it says no rotation.
    """

    codec: str
    options: Mapping[str, str] = field(default_factory=dict)
    pixel_format: str | None = None
    is_sequence: bool = False


class EncoderRefusal(Exception):  # noqa: N818 - never the user's to see: it is put in words where the place is known
    """An encoder does not do what is asked.

    Attributes:
        what: What it does not do.
        advice: What to do instead.
    """

    def __init__(self, what: str, advice: str) -> None:
        """Say both."""
        self.what, self.advice = what, advice
        super().__init__(what)


def encoding_for(video: VideoSettings, info: ClipInfo) -> Encoding:
    """Complete what a project states by what suits the clip; what cannot be done is found out by ``check_encoding``."""
    if video.codec == LIKE_SOURCE:
        from .likeness import encoding_like  # noqa: PLC0415 # which makes Encoding, and so imports this file

        return encoding_like(info, video)
    codec = encoder_named(video.codec)
    if codec is None:
        return Encoding(video.codec, video.stated_options(), video.pixel_format)
    pixel_format = video.pixel_format or (_picture_format(codec, info) if video.is_sequence else None)
    stored = _taken(codec, pixel_format or info.pixel_format) or pixel_format or info.pixel_format
    options = encoder_options(codec, stored, video.stated_options(), lossless=video.lossless)
    return Encoding(video.codec, options, pixel_format, video.is_sequence)


def check_encoding(info: ClipInfo, encoding: Encoding) -> None:
    """Open the encoder as it will be opened for a clip, before hours of work.

    Raises:
        RequestError: It does not store the clip's pixel format, or refuses its size or an option.
    """
    try:
        pixel_format = stored_format(info, encoding)
        context = VideoCodecContext.create(encoding.codec, "w")
        assert isinstance(context, VideoCodecContext)
        context.options = completed_options(encoding, info)
        set_up(context, info, encoding, pixel_format)
        open_encoder(context, info, encoding, pixel_format)
    except EncoderRefusal as refusal:
        raise RequestError(f"output.video: for {info.path.name}, {refusal.what}\n  {refusal.advice}") from refusal


def stored_format(info: ClipInfo, encoding: Encoding) -> str:
    """Return the pixel format that will lie in the file: as asked for, or one that holds exactly the same samples.

    Raises:
        EncoderRefusal: There is no such encoder, or it stores neither.
    """
    codec = encoder_named(encoding.codec)
    if codec is None:
        what = f"there is no encoder called {encoding.codec!r}"
        raise EncoderRefusal(what, "try libx264, libx265, libsvtav1, prores_ks or ffv1; all: understudy encoders")
    wanted = encoding.pixel_format or info.pixel_format
    if is_float(info.pixel_format) and encoding.codec != "exr":
        what = f"{encoding.codec} does not store amounts of light as floating-point numbers"
        raise EncoderRefusal(what, "let the output be pictures of that kind too: output.path out/{clip}/%06d.exr")
    if encoding.codec == "exr" and not has_light(info.color):
        what = (
            f"EXR pictures hold amounts of light, which a transfer of {info.color.transfer} (PQ or HLG) does not give"
        )
        raise EncoderRefusal(what, "let the output be .tif or .png pictures of 16 bits, which keep the numbers")
    if found := _taken(codec, wanted):
        return found
    raise EncoderRefusal(
        f"{encoding.codec} does not store {wanted}",
        f"set output.video.pixel_format to one it does: {', '.join(stored_formats(codec))}; or choose another codec",
    )


def stored_tags(info: ClipInfo, pixel_format: str) -> ColorTags:
    """Return the colour tags of what is stored: the clip's own, unless RGB becomes luma and chroma or the reverse."""
    tags, was_rgb = info.tags, info.color.matrix == 0
    if was_rgb == is_rgb(pixel_format) or pixel_format.startswith("gray"):
        is_relabelled = info.pixel_format.startswith("yuvj") and not pixel_format.startswith("yuvj")
        return replace(tags, range=_FULL) if is_relabelled else tags
    if is_rgb(pixel_format):
        return replace(tags, matrix=0, range=_FULL)
    return ColorTags(1, info.color.primaries, info.color.transfer, _LIMITED)


def set_up(context: VideoCodecContext, info: ClipInfo, encoding: Encoding, pixel_format: str) -> None:
    """Tell an encoder the clip's size, clock and colours."""
    context.width, context.height = (info.width, info.height) if encoding.is_sequence else info.stored_size
    context.pix_fmt = pixel_format
    context.time_base = info.time_base
    tags = stored_tags(info, pixel_format)
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace, context.color_range = tags.matrix, tags.range
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio


def open_encoder(context: VideoCodecContext, info: ClipInfo, encoding: Encoding, pixel_format: str) -> None:
    """Open an encoder that has been set up.

    Raises:
        EncoderRefusal: It does not take the size, the rate or an option.
    """
    width, height = info.stored_size
    codec = encoding.codec
    advice = "check the codec's options; some codecs take sizes and rates of a list only"
    if width % 2 or height % 2:
        advice = "an odd size needs a codec or format that takes it: pixel_format yuv444p, or libsvtav1, or ffv1"
    if codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # its only switch
    try:
        with usual_scheduling():
            context.open()
    except (av.FFmpegError, ValueError) as error:
        options = dict(encoding.options)
        what = f"{codec} refuses {width} x {height} px {pixel_format} with {options} ({error})"
        raise EncoderRefusal(what, advice) from error
    unknown = ", ".join(sorted(context.options))
    if unknown:
        raise EncoderRefusal(f"{codec} knows no option {unknown}", "correct or drop it in the project file")


def completed_options(encoding: Encoding, info: ClipInfo) -> dict[str, str]:
    """Add to the user's options: what the clip's HDR needs, closed groups of pictures, and silence on the terminal."""
    ours = {"threads": _THREADS}
    if encoding.pixel_format is None or encoding.pixel_format == info.pixel_format:
        ours |= hdr_options(encoding.codec, info.hdr)
    quiet = {"x265-params": "log-level=error:open-gop=0"} if encoding.codec == "libx265" else {}
    return joined_params((ours, quiet, encoding.options))


def is_rgb(pixel_format: str) -> bool:
    """Tell formats of red, green and blue from those of luma and chroma."""
    return VideoFormat(pixel_format).is_rgb


def is_float(pixel_format: str) -> bool:
    """Tell formats of floating-point samples, which hold amounts of light."""
    return "f32" in pixel_format


def _picture_format(codec: Codec, info: ClipInfo) -> str | None:
    """Return the format in which a picture of a sequence holds a clip's frame; None is the clip's own."""
    if is_float(info.pixel_format):
        return None
    own = VideoFormat(info.pixel_format)
    if _taken(codec, info.pixel_format) and (
        own.is_rgb or info.color.matrix == 0 or own.name.startswith(("gray", "ya"))
    ):
        return None
    alpha = "a" if has_alpha(own.name) else ""
    if codec.name == "exr":
        return f"gbr{alpha}pf32le"
    if own.components[0].bits <= 8:
        return "rgba" if alpha else "rgb24"
    return ("rgba64" if alpha else "rgb48") + ("be" if codec.name == "png" else "le")


def _taken(codec: Codec, wanted: str) -> str:
    """Return a format or its exact equivalent, whichever the codec takes, or nothing."""
    takes = stored_formats(codec)
    if not takes or wanted in takes:
        return wanted
    return next((name for name in exact_equivalents(wanted) if name in takes), "")
