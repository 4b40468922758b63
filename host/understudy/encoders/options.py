"""What is an encoder told, where the project states only part of it?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from av.codec import Codec

from .catalogue import traits_of

__all__ = ["LIKE_SOURCE", "encoder_options", "joined_params", "rate_options"]

LIKE_SOURCE: Final = "copy-from-source"
"""Stands for a codec in a project: the clip's own, coded much as the clip is."""

_RATE: Final = frozenset(
    {"b", "cq", "crf", "flags", "global_quality", "lossless", "maxrate", "minrate", "qmax", "qmin", "qp", "qp_b",
     "qp_i", "qp_p", "rc", "rc_mode"}
)  # fmt: skip
_RATE_PARAMETER: Final = re.compile(r"(^|:)(crf|qp|bitrate|lossless|rc|tbr|cqp|q)=")


def rate_options(stated: Mapping[str, str]) -> list[str]:
    """Return those of some options that decide how much is lost."""
    return [
        name
        for name, text in stated.items()
        if name in _RATE or (name.endswith("-params") and _RATE_PARAMETER.search(text))
    ]


def encoder_options(codec: Codec, pixel_format: str, stated: Mapping[str, str], *, lossless: bool) -> dict[str, str]:
    """Complete what a project states by what loses nothing visible, or nothing at all.

    Args:
        codec: The encoder.
        pixel_format: What it will store.
        stated: The project's own options, which hold over all others. One that decides how much is lost stands alone.
        lossless: Whether every sample shall stay; the encoder must be able to.
    """
    traits = traits_of(codec)
    ours = dict((traits.lossless or {}) if lossless else traits.fine) | dict(traits.by_format.get(pixel_format, {}))
    if not lossless and rate_options(stated):
        ours = {name: text for name, text in ours.items() if name not in _RATE}
    return joined_params((ours, stated))


def joined_params(layers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Lay options over each other; lists of an encoder's own parameters are joined, of which the later ones count."""
    options: dict[str, str] = {}
    for layer in layers:
        for name, text in layer.items():
            is_list = name.endswith("-params") and options.get(name)
            options[name] = f"{options[name]}:{text}" if is_list else text
    return options
