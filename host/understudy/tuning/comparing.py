"""How are variants of chosen frames rendered and handed over, as a sheet and one by one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.pictures import write_picture
from understudy.progress import Progress
from understudy.video import probe

from .positions import parse_positions
from .rendering import RenderedFrame, job_for, rendered_frames
from .sheet import Sheet
from .singles import sign_picture, write_frames
from .variants import Variant

__all__ = ["Looked", "look_at"]

_SUFFIXES: Final = {".png", ".jpg", ".jpeg"}
_MOST: Final = 200
"""Frames at a time; a sheet of more shows nothing."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was written.

    Attributes:
        sheet: The sheet, or None where none was asked for.
        frames: The single frames.
    """

    sheet: Path | None
    frames: tuple[Path, ...]


def look_at(
    variants: Sequence[Variant],
    frames: str,
    progress: Progress,
    *,
    sheet: Path | None = None,
    out: Path | None = None,
    clip: Path | None = None,
) -> Looked:
    """Render frames with each variant, and write them.

    Args:
        variants: One at least.
        frames: Which, as ``parse_positions`` reads it.
        progress: Hears of every frame.
        sheet: Where they are laid side by side, PNG or JPEG; the first column is the clip as it is.
        out: Folder for single frames of full size.
        clip: Which clip; the first unless given.

    Raises:
        RequestError: What is asked for is no picture, or names no frame of the clip.
        UnderstudyError: Whatever else stops it.
    """
    if sheet is not None and sheet.suffix.lower() not in _SUFFIXES:
        raise RequestError(f"--sheet {sheet}: write a name that ends in {', '.join(sorted(_SUFFIXES))}")
    project = variants[0].project
    clock = Clock(probe(job_for(project, clip).clip), project.timecode)
    positions = parse_positions(frames, clock)
    if len(positions) > _MOST:
        raise RequestError(f"--frames names {len(positions)} frames; at most {_MOST} can be looked at")
    captions = [f"frame {position}  {clock.code(position)}" for position in positions]
    drawn = Sheet(["as it is", *(variant.words or "merged" for variant in variants)], captions)
    written: list[Path] = []
    for column, variant in enumerate(variants, start=1):
        for frame in rendered_frames(variant.project, positions, progress, clip=clip):
            _put(drawn, positions.index(frame.index), column, frame)
            if out is not None:
                some = [frame]
                written += write_frames(out, variant.project, some, progress.say, clip=clip, words=variant.words)
    if sheet is not None:
        if not drawn.has_pictures:
            raise RequestError(f"none of the frames {frames} can be decoded\n  choose others")
        write_picture(sheet, drawn.drawn())
        sign_picture(sheet, project, progress.say, clip=clip)
    return Looked(sheet, tuple(written))


def _put(drawn: Sheet, row: int, column: int, frame: RenderedFrame) -> None:
    if column == 1:
        drawn.put(row, 0, frame.before)
    drawn.put(row, column, frame.after)
