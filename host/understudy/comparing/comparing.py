"""How are combinations compared, from the request to the page?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.aside import whole_file
from understudy.cancelling import Cancel, StoppingProgress
from understudy.clock import Clock
from understudy.errors import Cancelled, MediaError, ProjectError, StoreError
from understudy.merging import ClipJob, marking_of
from understudy.plugins import Registry
from understudy.progress import Progress
from understudy.project import LoadedProject, load_project
from understudy.project.overrides import Override
from understudy.provenance.attesting import attest_file
from understudy.tuning.rendering import job_for
from understudy.video import probe
from understudy_sdk import UnderstudyError
from understudy_sdk.types import U8

from .axes import Combination, Entry, combinations_of
from .columns import best_of
from .comparison import Comparison, Row
from .frames import chosen_spans
from .making import Maker
from .page import page
from .pictures import Strip, sheet_frames, write_clip, write_sheet
from .records import Record
from .variants import Variants
from .views import target_tiles

__all__ = ["Request", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be compared.

    Attributes:
        path: The project file.
        registry: The plugins to choose from.
        axes: The entries of each stage that is compared.
        overrides: What is changed in all combinations.
        clip: The clip, or its name without its suffix; the first one that is merged unless given.
        frames: Such as ``100,200-210``.
        ranges: Such as ``00:00:01:00-00:00:02:12``; without both, an evenly spread sample.
        iterations: How long models learn; as long as the project says unless given.
        out: The page's file; in the work folder unless given. Sheet and clip lie beside it.
    """

    path: Path
    registry: Registry
    axes: Mapping[str, Sequence[Entry]]
    overrides: Sequence[Override] = ()
    clip: str | None = None
    frames: str | None = None
    ranges: str | None = None
    iterations: int | None = None
    out: Path | None = None


def compare(request: Request, progress: Progress, cancel: Cancel) -> Comparison:
    """Make every combination that is not there, and write the page, a sheet and a clip.

    A combination that cannot work is a row with its reason, and does not stop the others.

    Raises:
        Cancelled: ``cancel`` was set; every finished combination is kept.
        RequestError: The project states no consent, or the request cannot be met.
        ProjectError: The project is wrong as it stands.
    """
    project = load_project(request.path, request.registry, request.overrides)
    job = job_for(project, None if request.clip is None else Path(request.clip))
    marking_of(project, job)  # refuses before any work
    spans = chosen_spans(Clock(probe(job.clip), project.timecode), request.frames, request.ranges)
    combinations = combinations_of(request.axes)
    variants = Variants(request.path, request.registry, request.overrides, request.iterations)
    maker = Maker(project, variants, job.clip, spans, progress, cancel)
    made = [(combination, _made(maker, combination, progress)) for combination in combinations]
    rows = _rows(made)
    shown = replace(job, swaps=tuple(maker.shown.values()) or job.swaps)  # what is shown is what is said
    marking = marking_of(project, shown)
    path = request.out or project.work / "report" / "compare.html"
    found = Comparison(project.name, job.clip.name, tuple(spans), rows, path, None, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    records = {combination.label: record for combination, record in made if isinstance(record, Record)}
    stopping = StoppingProgress(progress, cancel)
    if records:
        found = _with_pictures(found, records, (project, shown, marking), stopping)
    with whole_file(path) as part:
        part.write_text("".join(page(found, marking["comment"])), encoding="utf-8")
    progress.wrote("page", path)
    return found


def _made(maker: Maker, combination: Combination, progress: Progress) -> Record | str:
    """Return a combination, or why it cannot work."""
    try:
        return maker.record(combination)
    except (Cancelled, StoreError, MediaError):  # of the work folder or the clip: no fault of this combination
        raise
    except ProjectError as error:
        why = "; ".join(_without_place(problem) for problem in error.problems)
    except UnderstudyError as error:
        why = " ".join(str(error).split())
    progress.say(f"{combination.label} cannot work: {why}")
    return why


def _without_place(problem: str) -> str:
    """Return a problem without the place that a variant, which no file holds, calls it by."""
    return problem.removeprefix("--set ")


def _rows(made: Sequence[tuple[Combination, Record | str]]) -> tuple[Row, ...]:
    rows = []
    for combination, found in made:
        choices = {entry.axis: entry.label for entry in combination.entries}
        row = Row(combination.label, choices)
        if isinstance(found, Record):
            rows.append(replace(row, steps=found.steps, figures=found.figures))
        else:
            rows.append(replace(row, why=found))
    best = best_of([row.figures for row in rows])
    return tuple(
        replace(row, best=tuple(name for name, places in best.items() if place in places))
        for place, row in enumerate(rows)
    )


def _with_pictures(
    found: Comparison,
    records: Mapping[str, Record],
    about: tuple[LoadedProject, ClipJob, Mapping[str, str]],
    progress: Progress,
) -> Comparison:
    """Write sheet and clip beside the page, marked as what they are."""
    project, job, marking = about
    info, views = probe(job.clip), next(iter(records.values())).views
    frames = sheet_frames(found.spans)
    progress.start("side by side", len(records) + 1, "combinations")
    strips = [Strip("target", target_tiles(job, info, views))]
    for label, record in records.items():
        progress.advance()
        strips.append(Strip(label, _Tiles(record)))
    sheet, clip = found.page.with_suffix(".png"), found.page.with_suffix(".mp4")
    write_sheet(sheet, strips, frames)
    title = f"{found.name}: target and {len(records)} combinations"
    write_clip(clip, strips, found.spans, info, {**marking, "title": title})
    attest_file(sheet, project, job, None, progress.say, kind="still")
    attest_file(clip, project, job, None, progress.say)
    progress.advance()
    progress.finish()
    progress.wrote("clip", clip)
    return replace(found, sheet=sheet, clip=clip)


class _Tiles(Mapping[int, U8]):
    """The pictures of a combination, read when they are looked at."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __getitem__(self, frame: int) -> U8:
        tile = self._record.tile(frame)
        if tile is None:
            raise KeyError(frame)
        return tile

    def __iter__(self) -> Iterator[int]:
        return iter(self._record.views)

    def __len__(self) -> int:
        return len(self._record.views)
