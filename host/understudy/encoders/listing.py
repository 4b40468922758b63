"""Which encoders does this machine have, told in one row each?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

import av
from av.codec import Codec
from av.video.format import VideoFormat

from .catalogue import TRAITS, encoder_named, neighbours, stored_formats, traits_of
from .options import encoder_options
from .sequences import PICTURE_CODECS
from .trial import opening_fault

__all__ = ["CONTAINERS", "EncoderRow", "encoder_rows", "is_held"]

CONTAINERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's name of an output's container by its suffix."""


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder.

    Attributes:
        name: As ``output.video.codec`` names it.
        family: What it is read back as.
        pixel_formats: What it stores; empty where it does not say.
        bits: Of a sample, least to most.
        chroma: Such as ``4:2:0``, and ``rgb``, ``gray``.
        alpha: Whether it stores how much of a pixel is seen.
        lossless: ``always``; ``asked`` (with ``lossless: true``); ``no``.
        defaults: What it is told where the project says nothing, for the first of its formats.
        hardware: Whose it needs; empty for software.
        fault: Why it does not open here; empty: it does.
        files: Suffixes of the outputs that hold it.
    """

    name: str
    family: str
    pixel_formats: tuple[str, ...]
    bits: tuple[int, ...]
    chroma: tuple[str, ...]
    alpha: bool
    lossless: Literal["always", "asked", "no"]
    defaults: dict[str, str]
    hardware: str
    fault: str
    files: tuple[str, ...]


def encoder_rows(*, is_every: bool = False) -> tuple[EncoderRow, ...]:
    """Describe the encoders that finished footage is coded with, or every one of this build.

    Those that need hardware are tried with a frame; that takes a second each.
    """
    names = [name for name in TRAITS if encoder_named(name)]
    families = dict.fromkeys(str(Codec(name, "w").canonical_name) for name in names)
    if is_every:
        found = (encoder_named(name) for name in sorted(av.codecs_available))
        families |= dict.fromkeys(str(one.canonical_name) for one in found if one is not None and one.type == "video")
    rows = [name for family in families for name in neighbours(family) if is_every or _is_usual(name)]
    return tuple(_row(Codec(name, "w")) for name in rows)


def is_held(container: str, codec: str) -> bool:
    """Tell whether a container of FFmpeg's holds what an encoder makes."""
    with av.open(io.BytesIO(), "w", format=container) as trial, suppress(ValueError):  # UnknownCodecError is one, too
        trial.add_stream(codec)
        return True
    return False


def _is_usual(name: str) -> bool:
    return name in TRAITS or bool(traits_of(Codec(name, "w")).vendor)


def _row(codec: Codec) -> EncoderRow:
    traits, formats = traits_of(codec), [VideoFormat(name) for name in stored_formats(codec)]
    first = formats[0].name if formats else ""
    lossless: Literal["always", "asked", "no"] = "no" if traits.lossless is None else "asked"
    if traits.lossless is not None and not codec.lossy:
        lossless = "always"
    pictures = tuple(suffix for suffix, name in PICTURE_CODECS.items() if name == codec.name)
    return EncoderRow(
        name=codec.name,
        family=str(codec.canonical_name),
        pixel_formats=tuple(one.name for one in formats),
        bits=tuple(sorted({one.components[0].bits for one in formats if one.components[0].bits >= 8})),
        chroma=tuple(dict.fromkeys(map(_chroma, formats))),
        alpha=any(component.is_alpha for one in formats for component in one.components),
        lossless=lossless,
        defaults=encoder_options(codec, first, {}, lossless=False),
        hardware=traits.vendor,
        fault=opening_fault(codec),
        files=pictures + tuple(suffix for suffix, kind in CONTAINERS.items() if is_held(kind, codec.name)),
    )


def _chroma(one: VideoFormat) -> str:
    if one.is_rgb:
        return "rgb"
    if len(one.components) < 3:
        return "gray"
    across, down = 64 // max(one.chroma_width(64), 1), 64 // max(one.chroma_height(64), 1)
    names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0", (4, 4): "4:1:0"}
    return names.get((across, down), f"{across}x{down}")


def in_words(numbers: Sequence[int]) -> str:
    """Write depths as a span: ``8-12``."""
    return "" if not numbers else str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
