"""What does the page say of merged clips?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from understudy.faceset import NO_TRACK
from understudy.gates import LIMITS, MEASURES, FrameFigures, read_figures
from understudy.gates.meanings import MEANINGS
from understudy.merging import ClipJob, jobs_of
from understudy.project import LoadedProject

from .axes import clock_axis
from .charts import Curve, line_chart
from .figures import MergedFrame, MergeReport
from .merge_tiles import worst_tiles
from .tables import facts_list, table
from .wording import number, text

__all__ = ["MERGES_ID", "merges_section"]

MERGES_ID: Final = "merged"

_KINDS: Final = ("after", "before", "one", "two")
_MOST_ROWS: Final = 200
"""Rows of the list that the page shows; the figures as JSON have all."""


def merges_section(project: LoadedProject, merges: Sequence[MergeReport]) -> Iterator[str]:
    """Yield the part of the page about merged clips."""
    jobs = {str(job.output): job for job in jobs_of(project)}
    yield f'<section class="merged" id="{MERGES_ID}"><h2>Merged clips</h2>'
    for merge in merges:
        yield f"<h3>{text(merge.name)}</h3>"
        yield from _warnings(project, merge)
        yield facts_list("", _facts(merge))
        if merge.measured:
            job = jobs[merge.output]
            yield _figures_table(merge)
            yield f'<div class="charts">{"".join(_charts(merge, job))}</div>'
            yield from _list(merge, {swap.index: swap.name for swap in merge.swaps})
            yield worst_tiles(merge, job)
    yield "</section>"


def _warnings(project: LoadedProject, merge: MergeReport) -> Iterator[str]:
    if merge.measured < merge.done:
        lacking = f"{number(merge.done - merge.measured)} of {number(merge.done)}"
        yield (
            f'<p class="warning">{lacking} merged frames were never measured: '
            f"<code>understudy merge {text(project.path.name)} --measure</code> lets them pass once more, "
            "without encoding anything again.</p>"
        )
    if merge.outside:
        yield f'<p class="warning">{number(merge.outside)} samples changed outside the mask; 0 are promised.</p>'


def _facts(merge: MergeReport) -> dict[str, str]:
    facts = {
        "frames merged": number(merge.done) if merge.done == merge.frames else f"{merge.done} of {merge.frames}",
        "frames measured": number(merge.measured),
    }
    if merge.measured:
        sticking = {one.frame for one in merge.sticking_out if one.measure != "outside"}
        facts |= {
            "samples changed outside": f"{number(merge.outside)}; all of the picture compared in {number(merge.whole)} "
            "frames, what lies around the faces in all",
            "frames that stick out": number(len(sticking)) if sticking else "none",
        }
    return facts


def _figures_table(merge: MergeReport) -> str:
    rows = [
        [
            f'<span class="name">{text(swap.name)}</span>',
            number(swap.faces),
            _words(name),
            *(f"{value:.2f}" for value in swap.spreads[name]),
            _limit(name),
        ]
        for swap in merge.swaps
        for name in MEASURES
        if name in swap.spreads
    ]
    heads = ("swap", "faces", "measure", "a tenth lies below", "half", "a tenth above", "sticks out")
    return table("Figures of the merged faces", heads, rows, numbers_from=3)


def _words(name: str) -> str:
    if name == "outside":
        return "Samples changed outside the mask"
    meaning = MEANINGS[name]
    return f"{text(meaning.words)}, {text(meaning.unit)}"


def _limit(name: str) -> str:
    limit = LIMITS[name]
    return f"above {limit.high:g}" if limit.low is None else f"below {limit.low:g}, above {limit.high:g}"


def _charts(merge: MergeReport, job: ClipJob) -> Iterator[str]:
    frames, info = read_figures(map(Path, merge.records)), job.info()
    times = np.array([float((info.pts[one.frame] - info.pts[0]) * info.time_base) for one in frames])
    for name in MEASURES:
        curves = [
            Curve(_KINDS[place % len(_KINDS)], swap.name, times, np.array([*_along(frames, swap.index, name)]))
            for place, swap in enumerate(merge.swaps)
            if name in swap.spreads
        ]
        if curves:
            meaning = MEANINGS[name]
            yield line_chart(meaning.words, meaning.unit, curves, clock_axis, is_from_zero=name != "flicker")
    if merge.outside:
        counts = np.array([float(one.outside) for one in frames])
        curve = Curve("after", "", times, counts)
        yield line_chart("Samples changed outside the mask", "", [curve], clock_axis)


def _along(frames: Sequence[FrameFigures], swap: int, measure: str) -> Iterator[float]:
    """Yield a swap's value in each frame, of several faces the highest; NaN where there is none."""
    for one in frames:
        values = [getattr(face, measure) for face in one.faces if face.swap == swap]
        yield max((value for value in values if value is not None), default=float("nan"))


def _list(merge: MergeReport, names: Mapping[int, str]) -> Iterator[str]:
    runs = _runs(merge.sticking_out)
    if not runs:
        return
    rows = [_row(run, names) for run in runs[:_MOST_ROWS]]
    more = len(runs) - len(rows)
    note = f"and {more} more; understudy report --json has all" if more else ""
    heads = ("from", "to", "frames", "swap", "track", "measure", "worst at", "value", "usual")
    yield table("Frames that stick out", heads, rows, numbers_from=7, note=note)


def _runs(sticking_out: Sequence[MergedFrame]) -> list[list[MergedFrame]]:
    """Join frames that follow each other and stick out in the same way, in the order of their beginnings."""
    alike: dict[tuple[str, int, int], list[MergedFrame]] = {}
    for one in sticking_out:
        key = one.measure, -1 if one.swap is None else one.swap, NO_TRACK if one.track is None else one.track
        alike.setdefault(key, []).append(one)
    runs = []
    for found in alike.values():
        breaks = [place for place, (one, after) in enumerate(pairwise(found), 1) if after.frame > one.frame + 1]
        runs += [found[first:stop] for first, stop in pairwise([0, *breaks, len(found)])]
    return sorted(runs, key=lambda run: (run[0].frame, run[0].measure))


def _row(run: Sequence[MergedFrame], names: Mapping[int, str]) -> list[str]:
    worst = max(run, key=lambda one: one.score)
    is_face = worst.swap is not None
    return [
        run[0].timecode,
        run[-1].timecode,
        number(run[-1].frame - run[0].frame + 1),
        text(names.get(worst.swap, "")) if worst.swap is not None else "–",
        str(worst.track) if is_face and worst.track != NO_TRACK else "–",
        _words(worst.measure),
        f"{worst.timecode} <small>frame {worst.frame}</small>",
        f"{worst.value:.2f}" if is_face else number(int(worst.value)),
        "–" if worst.usual is None else f"{worst.usual:.2f}" if is_face else number(0),
    ]
