"""The commands that work on a project: do it, look how far it is, tidy up."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .projects import ProjectArgument, SetOption

if TYPE_CHECKING:
    from understudy.project import LoadedProject

__all__ = ["clean", "demo", "extract", "load", "merge", "report", "run", "status", "train"]

PHASES = ("extract", "train", "merge")

JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", min=1, help="Processes that merge; as many as cores and memory are good for unless given."),
]


def run(
    project: ProjectArgument,
    only: Annotated[Literal["extract", "train", "merge"] | None, typer.Option(help="Do one phase alone.")] = None,
    jobs: JobsOption = None,
    overrides: SetOption = None,
) -> None:
    """Do what is missing: extract faces, train models, merge clips."""
    _go(project, (only,) if only else PHASES, overrides, jobs=jobs)


def extract(project: ProjectArgument, overrides: SetOption = None) -> None:
    """Find the faces of every faceset that has none yet."""
    _go(project, ("extract",), overrides)


def train(
    project: ProjectArgument,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Save and stop after so long, such as 90s, 45m or 2h30m."),
    ] = None,
    overrides: SetOption = None,
) -> None:
    """Train the model of every swap as far as its iterations say; Ctrl-C saves and stops."""
    from .durations import seconds_of

    _go(project, ("train",), overrides, None if for_ is None else seconds_of(for_))


def merge(  # noqa: PLR0913, PLR0917 - one argument for each thing that may be said of a merge
    project: ProjectArgument,
    jobs: JobsOption = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Let finished clips pass once more where the report has no figures of them."),
    ] = False,
    overrides: SetOption = None,
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="POSITIONS",
            help="Render these frames alone, and leave the output as it is: numbers from 0 or time codes, ranges with"
            " both their ends, such as 100,200-210,00:00:08:00.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --frames: lay them side by side, as PNG or JPEG.")
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,...",
            help="With --frames: try several values, such as merger.with.mask_blur_px=8,16,24; several such options"
            " give all combinations.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With --frames: write each in full size, as PNG.")
    ] = None,
    clip: Annotated[
        Path | None, typer.Option(metavar="CLIP", help="With --frames: of which clip; the first unless given.")
    ] = None,
) -> None:
    """Write the clips with swapped faces, or look at chosen frames of one."""
    if frames is None:
        if sheet or variants or out or clip:
            raise typer.BadParameter("--sheet, --variants, --out and --clip are about chosen frames: add --frames")
        _go(project, ("merge",), overrides, jobs=jobs, measure=measure)
        return
    if measure:
        raise typer.BadParameter("--measure is about whole clips: drop --frames, or drop --measure")
    if sheet is None and out is None:
        raise typer.BadParameter("say where the frames go: --sheet FILE or --out FOLDER, or both")
    from understudy.tuning import look_at, variants_of

    from .printing import print_paths
    from .progress import shown_progress

    tried = variants_of(project, variants or (), overrides or ())
    with shown_progress() as progress:
        looked = look_at(tried, frames, progress, sheet=sheet, out=out, clip=clip)
    print_paths([*looked.frames, *([looked.sheet] if looked.sheet else [])])


def status(
    project: ProjectArgument,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say of every result whether it is done, partial, stale or missing, and why."""
    loaded = load(project, overrides)
    from understudy.phases import status as status_of

    from .printing import print_json, print_table

    rows = status_of(loaded)
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    lines = [(row.phase, row.name, row.state, f"{row.done}/{row.total}", row.why) for row in rows]
    print_table(("phase", "name", "state", "done", "why"), lines)


def clean(
    project: ProjectArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Free it without asking.")] = False,
) -> None:
    """Say which results the project no longer uses and what they hold, then free them when told to."""
    loaded = load(project, None)
    from understudy.phases import clean as free
    from understudy.phases import clean_plan

    from .printing import size

    plan = clean_plan(loaded)
    if not plan:
        typer.echo("nothing to free")
        return
    for garbage in plan:
        typer.echo(f"{size(garbage.bytes):>10}  {garbage.path}  ({garbage.why})")
    total = size(sum(garbage.bytes for garbage in plan))
    if not yes and not sys.stdin.isatty():
        typer.echo(f"nothing was freed; to free {total}: understudy clean {project} --yes", err=True)
        return
    if yes or typer.confirm(f"Free {total}?", err=True):
        typer.echo(f"freed {size(free(loaded, plan))}")


def report(
    project: ProjectArgument,
    overrides: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The page; in the work folder unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON, without a page.")] = False,
) -> None:
    """Write one page with sheets, curves and figures of the faces that were found, and say where."""
    if as_json and out is not None:
        raise typer.BadParameter("a page and figures as JSON are two calls: give --out or --json")
    loaded = load(project, overrides)
    from understudy.api import report_figures, write_report

    from .printing import print_json, print_paths
    from .progress import shown_events

    with shown_events() as on_event:
        if as_json:
            print_json(report_figures(loaded, on_event=on_event).to_json())
        else:
            print_paths([write_report(loaded, out, on_event=on_event)])


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where it works.")] = Path("demo-out"),
) -> None:
    """Make two clips from public-domain portraits, and recast one with the other's face."""
    from understudy.demo import run_demo

    from .printing import print_table
    from .progress import shown_progress

    with shown_progress() as progress:
        result = run_demo(folder, progress)
    print_table(("what", "where"), result.paths)


def _go(
    path: Path,
    phases: Sequence[str],
    overrides: Sequence[str] | None,
    for_s: float | None = None,
    jobs: int | None = 1,
    measure: bool = False,
) -> None:
    loaded = load(path, overrides)
    from understudy import api
    from understudy.processes import place_of

    from .printing import print_paths
    from .progress import shown_events

    with shown_events() as shown:
        on_event = shown if place_of().is_first else None  # of several processes one speaks for all
        result = api.run(loaded, phases, on_event=on_event, for_s=for_s, jobs=jobs, measure=measure)
    print_paths([*result.outputs, *result.layers])


def load(path: Path, overrides: Sequence[str] | None) -> LoadedProject:
    """Load a project before anything heavy is imported, so that faults in it show at once."""
    from understudy import api

    return api.load(path, overrides or ())
