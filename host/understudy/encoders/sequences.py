"""Which outputs are numbered pictures, and how are those coded?"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Final

__all__ = ["NUMBER", "PICTURE_CODECS", "codec_of_pictures", "is_sequence", "numbered"]

PICTURE_CODECS: Final = {".png": "png", ".tif": "tiff", ".tiff": "tiff", ".exr": "exr"}
"""By suffix, the encoder of a sequence's pictures; none of them loses anything but EXR's rounding to half floats."""

NUMBER: Final = re.compile(r"%0?(\d*)d")
"""Where the number of a picture stands in the path of a sequence, as FFmpeg writes it: ``%06d``."""


def codec_of_pictures(pattern: str | PurePath) -> str:
    """Return the encoder of a sequence's pictures by their path, or nothing where it is no sequence of a known kind."""
    return PICTURE_CODECS.get(PurePath(pattern).suffix.lower(), "")


def is_sequence(pattern: str | PurePath) -> bool:
    """Tell whether an output's path is one of numbered pictures."""
    return bool(codec_of_pictures(pattern))


def numbered(pattern: Path, number: int) -> Path:
    """Return the path of one picture of a sequence."""
    found = NUMBER.search(pattern.name)
    assert found is not None, "a sequence's path was checked with the project"
    digits = f"{number:0{int(found[1] or 1)}d}"
    return pattern.with_name(pattern.name[: found.start()] + digits + pattern.name[found.end() :])
