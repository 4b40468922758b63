"""How do the frames look that stick out most, before and after?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from understudy.gates.meanings import MEANINGS
from understudy.merging import ClipJob
from understudy.video import ClipInfo, ClipReader, probe
from understudy_sdk.errors import UnderstudyError
from understudy_sdk.types import U8

from .figures import MergedFrame, MergeReport
from .tiles import part_tile
from .wording import text

__all__ = ["worst_tiles"]

_MOST: Final = 6
_APART: Final = 12
"""Frames between two tiles of the same measure: what lies nearer looks the same."""

_AROUND: Final = 1.5
"""Side of what a tile shows, in sides of the face's box."""

Pictures = dict[int, U8]


def worst_tiles(merge: MergeReport, job: ClipJob) -> str:
    """Return the worst few frames as pairs of tiles; frames whose pictures cannot be had are left out."""
    worst = _worst(merge.sticking_out)
    if not worst:
        return ""
    numbers = sorted({one.frame for one in worst})
    info = job.info()
    before, after = _pictures(job, info, numbers, is_merged=False), _pictures(job, info, numbers, is_merged=True)
    items = [_item(one, before[one.frame], after.get(one.frame)) for one in worst if one.frame in before]
    return f'<h4>The worst of them, before and after</h4><ol class="tiles pairs">{"".join(items)}</ol>' if items else ""


def _worst(sticking_out: Sequence[MergedFrame]) -> list[MergedFrame]:
    """Return a few, the worst first: of each measure and track one, then what is left."""
    faces = sorted((one for one in sticking_out if one.box is not None), key=lambda one: -one.score)
    first: dict[tuple[str, int | None, int | None], MergedFrame] = {}
    for one in faces:
        first.setdefault((one.measure, one.swap, one.track), one)
    chosen = list(first.values())[:_MOST]
    for one in faces:
        if len(chosen) < _MOST and all(abs(one.frame - other.frame) > _APART for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: -one.score)


def _pictures(job: ClipJob, info: ClipInfo, numbers: Sequence[int], *, is_merged: bool) -> Pictures:
    """Return frames of the clip or of the output; of an output that was moved or changed there are none."""
    found: Pictures = {}
    try:
        shown = probe(job.output, info.average_rate if job.names else None) if is_merged else info
        if len(shown.pts) == len(info.pts) and (shown.width, shown.height) == (info.width, info.height):
            with ClipReader(job.output if is_merged else job.clip, shown) as reader:
                for number in numbers:
                    found |= {frame.index: frame.frame().rgb for frame in reader.frames(number, number + 1)}
    except UnderstudyError:
        return found
    return found


def _item(one: MergedFrame, before: U8, after: U8 | None) -> str:
    assert one.box is not None
    x0, y0, x1, y1 = one.box
    half, middle = max(x1 - x0, y1 - y0) * _AROUND / 2, ((x0 + x1) / 2, (y0 + y1) / 2)
    view = middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half
    shown = part_tile(before, view, f"frame {one.frame} before")
    shown += part_tile(after, view, f"frame {one.frame} merged") if after is not None else ""
    usual = "" if one.usual is None else f", usually {one.usual:.2f}"
    what = f"{MEANINGS[one.measure].words} {one.value:.2f}{usual}"
    when = f"<span><b>{one.timecode}</b> frame {one.frame}</span>"
    return f'<li><div class="pair">{shown}</div>{when}<span>{text(what)}</span></li>'
