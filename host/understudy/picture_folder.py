"""Which pictures lie in a folder, and in which order are they a clip?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["PICTURE_SUFFIXES", "pictures_in"]

PICTURE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def pictures_in(folder: Path) -> list[Path]:
    """Return a folder's pictures as people count: ``2.png`` before ``10.png``; sub-folders are not looked into."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    return sorted((path for path in found if not path.name.startswith(".")), key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name
