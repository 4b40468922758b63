"""What should be known of how a clip was read, in words?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from understudy.video import ClipInfo, stills_of

__all__ = ["change_texts", "lost_text", "reading_text"]

_NAMED: Final = 8
"""Damaged pictures that are named; of more, the number is said."""


def reading_text(info: ClipInfo) -> str:
    """Return how a clip is read, where that may surprise; else nothing."""
    if info.is_loose:
        return (
            f"{info.path.name} is a folder of pictures: each is looked at by itself, and nothing is steadied\n"
            "  if they are film, state its rate: beside clips: of the faceset"
        )
    if info.is_interlaced:
        field = "lower" if info.is_lower_field_first else "upper"
        return f"{info.path.name} is interlaced: of each frame the {field} field is read, half its rows"
    return ""


def lost_text(info: ClipInfo, lost: Sequence[int]) -> str:
    """Return which frames could not be decoded; pictures of a folder are named."""
    if info.breaks is None:
        return f"{info.path.name}: {_counted(len(lost), 'frame')} could not be decoded: {_spans(lost)}"
    pictures = stills_of(info)
    names = ", ".join(pictures[place].name for place in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return f"{info.path.name}: {_counted(len(lost), 'picture')} could not be read: {names}{more}"


def change_texts(info: ClipInfo, unlike: Mapping[int, str]) -> Iterator[str]:
    """Yield which frames are not what the clip began as, by what they are; a folder's pictures may be anything.

    Args:
        info: The clip.
        unlike: What its unlike frames are, by position.
    """
    if info.breaks is not None:
        return
    width, height = info.stored_size
    for words in dict.fromkeys(unlike.values()):
        frames = _spans([position for position in unlike if unlike[position] == words])
        yield (
            f"{info.path.name} changes midway: it begins as {width} x {height}, {info.pixel_format}, but these frames "
            f"are {words}: {frames}; faces are taken from them as they are, but nothing can be put into this clip"
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _spans(positions: Sequence[int]) -> str:
    """Return positions as people write them: ``3-7, 12``."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
