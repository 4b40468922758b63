"""Can this machine encode what a project's ``output`` asks for?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from av.codec import Codec

from understudy.encoders import (
    LIKE_SOURCE,
    encoder_options,
    family_of,
    neighbours,
    opening_fault,
    option_fault,
    rate_options,
    stored_formats,
    traits_of,
)
from understudy.encoders.catalogue import TRAITS, encoder_named
from understudy.encoders.sequences import codec_of_pictures, is_sequence

from .chosen import VideoSettings
from .form import DEFAULT_CODEC, VideoForm
from .places import Problem
from .wording import did_you_mean

__all__ = ["encoder_problems", "video_settings"]

_HERE = ("output", "video")
_LOSSLESS = ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1")


def encoder_problems(video: VideoForm, pattern: str = "") -> list[Problem]:
    """Find an encoder or pixel format that is not there, and settings that the encoder does not take.

    Args:
        video: What the project states.
        pattern: Its ``output.path``, by which pictures of a sequence are coded.
    """
    settings = video_settings(video, pattern)
    if (of_pictures := codec_of_pictures(pattern)) and video.codec not in {None, of_pictures}:
        what = f"{PurePath(pattern).suffix} pictures are coded as {of_pictures}, not as {video.codec}; drop it"
        return [Problem((*_HERE, "codec"), what)]
    if settings.codec == LIKE_SOURCE:
        return list(_likeness_problems(video))
    codec = encoder_named(settings.codec)
    if codec is None:
        return [Problem((*_HERE, "codec"), _missing(settings.codec))]
    if codec.type != "video":
        return [Problem((*_HERE, "codec"), f"must encode video, but {codec.name} encodes {codec.type}")]
    if fault := opening_fault(codec):
        return [Problem((*_HERE, "codec"), f"{codec.name} {fault}.{_instead(codec.name)}")]
    formats = stored_formats(codec)
    if video.pixel_format is not None and formats and video.pixel_format not in formats:
        hint = f"{did_you_mean(video.pixel_format, formats)} It takes: {', '.join(formats)}."
        text = f"{codec.name} takes no pixel format {video.pixel_format!r}.{hint}"
        return [Problem((*_HERE, "pixel_format"), text)]
    if problems := list(_lossless_problems(codec, video)):
        return problems
    return _option_problems(codec, video, [video.pixel_format] if video.pixel_format else formats or ["yuv420p"])


def video_settings(video: VideoForm, pattern: str = "") -> VideoSettings:
    """Return the encoder and what the project states of its settings."""
    return VideoSettings(
        codec=video.codec or codec_of_pictures(pattern) or DEFAULT_CODEC,
        crf=video.crf,
        preset=video.preset,
        pixel_format=video.pixel_format,
        options=dict(video.options),
        lossless=video.lossless,
        is_sequence=is_sequence(pattern),
    )


def _missing(name: str) -> str:
    """Say what was asked for, what this build has of its kind, and what does in software."""
    near = did_you_mean(name, [known for known in TRAITS if encoder_named(known)])
    return f"no encoder is called {name!r}.{near}{_instead(name)} To see them all: understudy encoders"


def _instead(name: str) -> str:
    """Name the other encoders of the same family, the nearest in software first."""
    family = family_of(name)
    others = [other for other in neighbours(family) if other != name]
    if not others:
        return f" This build of FFmpeg has none for {family}." if family else ""
    software = [other for other in others if not traits_of(Codec(other, "w")).vendor]
    listed = f" For {family} this build has {', '.join(others)}"
    return f"{listed}; in software: {software[0]}." if software else f"{listed}, all of them of hardware."


def _likeness_problems(video: VideoForm) -> Iterator[Problem]:
    stated = {"crf": video.crf is not None, "pixel_format": video.pixel_format is not None, "lossless": video.lossless}
    for name in (name for name, is_there in stated.items() if is_there):
        text = f"{LIKE_SOURCE} takes {name.replace('_', ' ')} from the clip; drop it, or name a codec"
        yield Problem((*_HERE, name), text)


def _lossless_problems(codec: Codec, video: VideoForm) -> Iterator[Problem]:
    if not video.lossless:
        return
    if traits_of(codec).lossless is None:
        able = ", ".join(name for name in _LOSSLESS if encoder_named(name))
        yield Problem((*_HERE, "lossless"), f"{codec.name} always loses something. These can: {able}.")
    if video.crf is not None:
        yield Problem((*_HERE, "crf"), "says how much may be lost, but lossless: true says nothing may; drop one")
    for name in rate_options(video.options):
        yield Problem((*_HERE, "options", name), "decides what is lost, but lossless: true says nothing may; drop one")


def _option_problems(codec: Codec, video: VideoForm, formats: Sequence[str]) -> list[Problem]:
    """Try the options that the project states one by one on a small picture, of any format that it may come to.

    A codec that refuses the trial picture itself shows when it is tried with the clip's size.
    """
    stated = (("crf", video.crf), ("preset", video.preset))
    places: dict[tuple[str, ...], str] = {(name,): str(value) for name, value in stated if value is not None}
    places |= {("options", name): text for name, text in video.options.items()}
    profiles = {form: traits_of(codec).by_format.get(form, {}) for form in formats}
    able = [form for form in formats if places and not option_fault(codec, profiles[form], form)]
    if not able:
        return []
    problems = []
    for loc, text in places.items():
        fault = _fault_of_all(codec, [(form, {**profiles[form], loc[-1]: text}) for form in able])
        if fault:
            words = fault.format(codec=codec.name, name=loc[-1], text=text) + _measure(codec, loc[-1])
            problems.append(Problem((*_HERE, *loc), words))
    return problems or _clash(codec, video, able)


def _fault_of_all(codec: Codec, trials: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    """Return the first fault where every trial has one, or nothing."""
    first = ""
    for pixel_format, options in trials:
        fault = option_fault(codec, options, pixel_format)
        if not fault:
            return ""
        first = first or fault
    return first


def _clash(codec: Codec, video: VideoForm, formats: Sequence[str]) -> list[Problem]:
    """Try all of them together, with what is added to them."""
    stated = video_settings(video).stated_options()
    trials = [(form, encoder_options(codec, form, stated, lossless=video.lossless)) for form in formats]
    if not _fault_of_all(codec, trials):
        return []
    text = f"{codec.name} takes each of these settings, but not all together: {trials[0][1]}"
    return [Problem((*_HERE, "options" if video.options else "preset"), text)]


def _measure(codec: Codec, name: str) -> str:
    measure = traits_of(codec).measure
    is_other = name == "crf" and measure not in {"", "crf"}
    return f"; its quality is set by options: {{{measure}: ...}}" if is_other else ""
