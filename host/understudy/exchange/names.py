"""How do names that a foreign file states become names of files and frames here?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["base_name", "frame_positions", "natural_key", "safe_name"]

_LONGEST: Final = 80
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, with any suffix."""

_MOST_FRAMES: Final = 10_000_000  # four days at 30 a second; a higher number is a date or a serial number


def base_name(name: str) -> str:
    """Return a name without its folders, by the rules of Windows and of all others."""
    return re.split(r"[/\\]", name)[-1]


def safe_name(name: str, fallback: str) -> str:
    """Return a name under which a file may be made on any system, in the folder it is meant for.

    Letters, digits, spaces and ``. _ - ( )`` stay; all else becomes ``_``. Folders, dots and spaces at both ends go.

    Args:
        name: As a foreign file states it.
        fallback: What stands for a name of which nothing is left.
    """
    text = unicodedata.normalize("NFC", base_name(name))[:_LONGEST]
    text = re.sub(r"[^\w .()-]", "_", text).strip(" .")
    return f"_{text}" if _RESERVED.fullmatch(text) else text or fallback


def natural_key(name: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return what sorts names as people count: ``frame_9`` before ``frame_10``."""
    parts = re.split(r"([0-9]+)", name.lower())
    # a number's length without zeros in front, then its digits: no number is too long for it
    found = tuple((len(digits := part.lstrip("0")), digits) if i % 2 else (-1, part) for i, part in enumerate(parts))
    return found, name


def frame_positions(sources: Iterable[str]) -> dict[str, int]:
    """Return at which position in its clip each source frame stood.

    Frames that are numbered from 1, as DeepFaceLab names them (``00001.png``), keep their numbers less 1; where one
    bears the number 0 they keep them as they are. Other names are counted in their order.

    Args:
        sources: File names of frames; those that differ in their suffix alone are one frame.
    """
    stems = {source: source.rpartition(".")[0] or source for source in sources}
    distinct = sorted(set(stems.values()), key=natural_key)
    if all(re.fullmatch(r"[0-9]{1,9}", stem) and int(stem) < _MOST_FRAMES for stem in distinct):
        first = 0 if any(int(stem) == 0 for stem in distinct) else 1
        positions = {stem: int(stem) - first for stem in distinct}
    else:
        positions = {stem: position for position, stem in enumerate(distinct)}
    return {source: positions[stem] for source, stem in stems.items()}
