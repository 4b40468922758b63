"""What does a clip say of the display it was graded on, and how is an encoder told?

SMPTE ST 2086 (mastering display) and CTA-861.3 (content light level): without them, HDR10 players guess.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import av
from av.sidedata.sidedata import Type

from .side_data import side_data_of

__all__ = ["StaticHdr", "hdr_options", "static_hdr_of"]

_CHROMATICITY_STEPS, _LUMINANCE_STEPS = 50_000, 10_000  # in which the standard counts


@dataclass(frozen=True, slots=True)
class StaticHdr:
    """The display a clip was graded on, and how bright the clip gets.

    Attributes:
        primaries: x and y of red, green, blue and the white point; None if unstated.
        luminance: Least and greatest, in cd/m2; None if unstated.
        light_level: Greatest of a pixel and of a frame's mean, in cd/m2; None if unstated.
    """

    primaries: tuple[Fraction, ...] | None
    luminance: tuple[Fraction, Fraction] | None
    light_level: tuple[int, int] | None


def static_hdr_of(picture: av.VideoFrame) -> StaticHdr | None:
    """Read a frame's static HDR metadata, or return None where it has none."""
    display = side_data_of(picture, Type.MASTERING_DISPLAY_METADATA)
    light = side_data_of(picture, Type.CONTENT_LIGHT_LEVEL)
    if display is None and light is None:
        return None
    primaries, luminance = None, None
    if display is not None:
        numbers = struct.unpack("=22i", display)
        ratios = [Fraction(up, down or 1) for up, down in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
        primaries = tuple(ratios[:8]) if numbers[20] else None
        luminance = (ratios[8], ratios[9]) if numbers[21] else None
    return StaticHdr(primaries, luminance, struct.unpack("=2I", light[:8]) if light is not None else None)


def hdr_options(codec: str, hdr: StaticHdr | None) -> dict[str, str]:
    """Give the options that make an encoder repeat the metadata; empty for those that cannot."""
    if hdr is None or codec not in {"libx265", "libx264", "libsvtav1"}:
        return {}
    name, level = {"libx265": ("master-display", "max-cll"), "libx264": ("mastering-display", "cll")}.get(
        codec, ("mastering-display", "content-light")
    )
    stated = []
    if hdr.primaries and hdr.luminance:
        stated.append(f"{name}={_in_words(hdr.primaries, hdr.luminance, in_steps=codec != 'libsvtav1')}")
    if hdr.light_level:
        stated.append(f"{level}={hdr.light_level[0]},{hdr.light_level[1]}")
    if codec == "libx265":
        stated += ["hdr10=1", "repeat-headers=1"]
    return {f"{codec.removeprefix('lib')}-params": ":".join(stated)} if stated else {}


def _in_words(primaries: tuple[Fraction, ...], luminance: tuple[Fraction, Fraction], *, in_steps: bool) -> str:
    def said(value: Fraction, steps: int) -> str:
        return str(round(value * steps)) if in_steps else f"{float(value):.5f}"

    points = [said(value, _CHROMATICITY_STEPS) for value in primaries]
    low, high = (said(value, _LUMINANCE_STEPS) for value in luminance)
    red, green, blue, white = (f"({points[at]},{points[at + 1]})" for at in range(0, 8, 2))
    return f"G{green}B{blue}R{red}WP{white}L({high},{low})"
