"""Which pictures lie in a folder, in which order are they a clip, and which of them follow on from each other?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

__all__ = ["PICTURE_SUFFIXES", "breaks_between", "pictures_in"]

PICTURE_SUFFIXES: Final = frozenset({".bmp", ".exr", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def pictures_in(folder: Path) -> list[Path]:
    """Return a folder's pictures as people count: ``2.png`` before ``10.png``; sub-folders are not looked into."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    return sorted((path for path in found if not path.name.startswith(".")), key=_natural)


def breaks_between(pictures: Sequence[Path]) -> frozenset[int]:
    """Return the positions of the pictures whose names do not count on from the one before by one, as film does."""
    return frozenset(place for place, pair in enumerate(pairwise(pictures), start=1) if not _counts_on(*pair))


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _counts_on(before: Path, after: Path) -> bool:
    """Tell whether two names are equal save for their last number, which is one more."""
    first, second = (re.fullmatch(r"(.*?)(\d+)(\D*)", path.name) for path in (before, after))
    if first is None or second is None:
        return False
    return first.group(1, 3) == second.group(1, 3) and int(second.group(2)) == int(first.group(2)) + 1
