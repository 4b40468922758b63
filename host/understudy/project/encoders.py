"""Can this machine's FFmpeg encode what a project's ``output.video`` asks for?"""

from __future__ import annotations

from fractions import Fraction

import av
from av.codec import Codec

from understudy.scheduling import usual_scheduling

from .chosen import VideoSettings
from .form import X26_DEFAULTS, VideoForm
from .places import Problem
from .wording import did_you_mean

__all__ = ["encoder_problems", "video_settings"]

_HERE = ("output", "video")


def encoder_problems(video: VideoForm) -> list[Problem]:
    """Find an encoder or pixel format that is not there, and settings that the encoder does not take."""
    try:
        codec = Codec(video.codec, "w")
    except av.codec.codec.UnknownCodecError:
        hint = did_you_mean(video.codec, sorted(av.codecs_available))
        return [Problem((*_HERE, "codec"), f"no encoder is called {video.codec!r}.{hint}")]
    if codec.type != "video":
        return [Problem((*_HERE, "codec"), f"must encode video, but {video.codec} encodes {codec.type}")]
    formats = [form.name for form in codec.video_formats or ()]
    if video.pixel_format is not None and formats and video.pixel_format not in formats:
        hint = did_you_mean(video.pixel_format, formats) or f" It takes: {', '.join(formats)}."
        text = f"{video.codec} takes no pixel format {video.pixel_format!r}.{hint}"
        return [Problem((*_HERE, "pixel_format"), text)]
    return _option_problems(codec, video, video.pixel_format or (formats or ["yuv420p"])[0])


def video_settings(video: VideoForm) -> VideoSettings:
    """Return the encoder's settings with the defaults of its codec filled in."""
    crf, preset = X26_DEFAULTS.get(video.codec, (None, None))
    return VideoSettings(
        codec=video.codec,
        crf=crf if video.crf is None else video.crf,
        preset=preset if video.preset is None else video.preset,
        pixel_format=video.pixel_format,
        options=dict(video.options),
    )


def _option_problems(codec: Codec, video: VideoForm, pixel_format: str) -> list[Problem]:
    """Try the options that the project states one by one on a small picture."""
    stated = (("crf", video.crf), ("preset", video.preset))
    places: dict[tuple[str, ...], str] = {(name,): str(value) for name, value in stated if value is not None}
    places |= {("options", name): text for name, text in video.options.items()}
    if not places or _fault(codec, {}, pixel_format):
        return []  # a codec that refuses the trial picture itself, or lacks its hardware, shows only when it is used
    problems = []
    for loc, text in places.items():
        fault = _fault(codec, {loc[-1]: text}, pixel_format)
        if fault:
            problems.append(Problem((*_HERE, *loc), fault.format(codec=video.codec, name=loc[-1], text=text)))
    return problems


def _fault(codec: Codec, options: dict[str, str], pixel_format: str) -> str:
    """Say why an encoder does not open with these options, or return nothing."""
    context = av.VideoCodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 256, 256, pixel_format
    context.time_base = Fraction(1, 25)
    context.options = options
    try:
        with usual_scheduling():
            context.open()
    except av.error.FFmpegError:
        return "{codec} does not take {text!r} as {name}"
    return "{codec} has no option {name}" if context.options else ""
