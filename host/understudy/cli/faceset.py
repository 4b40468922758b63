"""The commands about facesets: look at one, put its faces in order, set some aside, choose the best, unite several.

A faceset is named by a project file and its name there, or by its folder. No command deletes or renames a picture.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .faceset_texts import print_info, print_order, print_taken_back, print_verdict, warn_damaged

if TYPE_CHECKING:
    from understudy.faceset import Faceset

__all__ = ["FacesetArgument", "faceset_app"]

faceset_app = typer.Typer(no_args_is_help=True, help="Look at facesets, sort, filter, choose and unite their faces.")

FacesetArgument = Annotated[
    list[str],
    typer.Argument(metavar="PROJECT NAME | FOLDER", help="A project's faceset, or its folder.", show_default=False),
]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be set aside, and set nothing aside.")]
_Group = Annotated[
    str | None,
    typer.Option(
        metavar="GROUPING[:BINS]", help="person, track, clip, origin, or a metric whose range is cut in bins."
    ),
]
_MinSharpness = Annotated[float | None, typer.Option(help="At least this sharpness, as info shows it.")]
_MinSize = Annotated[float | None, typer.Option(help="Cut from a square of the frame of at least this side, px.")]
_MinScore = Annotated[float | None, typer.Option(help="At least this certainty of the finder, 0 to 1.")]
_Yaw = Annotated[str | None, typer.Option(metavar="LOW:HIGH", help="Degrees turned to the picture's left.")]
_Pitch = Annotated[str | None, typer.Option(metavar="LOW:HIGH", help="Degrees turned upwards.")]
_Person = Annotated[list[str] | None, typer.Option(help="Of this person; may be given again.")]
_Track = Annotated[list[int] | None, typer.Option(help="Of this track; may be given again.")]
_Origin = Annotated[
    list[str] | None, typer.Option(help="found, followed, filled, hand or imported; may be given again.")
]
_Alone = Annotated[bool, typer.Option("--alone", help="The only face of its frame.")]
_Invert = Annotated[bool, typer.Option("--invert", help="Set aside those that meet all this, not those that do not.")]
_Duplicates = Annotated[
    float | None,
    typer.Option(min=0, help="Also set aside pictures within this many grey levels (mean) of the one before them."),
]
_Undo = Annotated[bool, typer.Option("--undo", help="Take back what was last set aside.")]
_Clear = Annotated[bool, typer.Option("--clear", help="Take back everything that was set aside.")]


@faceset_app.command("info")
def info(faceset: FacesetArgument, as_json: _Json = False) -> None:
    """Say what is in a faceset: faces, clips, people, poses, sharpness, what is set aside."""
    from understudy.facesets.info import describe

    from .printing import print_json

    with _opened(faceset) as index:
        found = describe(index)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        print_info(found)


@faceset_app.command("metrics")
def metrics(as_json: _Json = False) -> None:
    """List the metrics that faces can be sorted by, with their names in DeepFaceLab (DFL) and faceswap (FS)."""
    from understudy.facesets.metrics import METRICS

    from .printing import print_json, print_table

    rows = [(metric.name, metric.summary, metric.elsewhere) for metric in METRICS.values()]
    if as_json:
        print_json([{"name": name, "summary": summary, "elsewhere": known} for name, summary, known in rows])
    else:
        print_table(("metric", "what it says", "elsewhere"), rows)


@faceset_app.command("sort")
def sort(
    faceset: FacesetArgument,
    by: Annotated[str, typer.Option(metavar="METRIC", help="See: understudy faceset metrics.")],
    group: _Group = None,
    is_reversed: Annotated[bool, typer.Option("--reverse", help="Turn the order round.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Print no more than this many; 0 for all.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what was measured before.")] = False,
    as_json: _Json = False,
) -> None:
    """Print the faces in the order of a metric, and keep the order in the faceset; nothing is renamed."""
    from understudy.facesets.facts import read_facts
    from understudy.facesets.groups import Group, Grouping, grouped
    from understudy.facesets.metrics import metric_named
    from understudy.facesets.orders import make_order, save_order

    from .progress import shown_progress

    metric, grouping = metric_named(by), Grouping.parse(group) if group else None
    with _opened(faceset, writable=True) as index, shown_progress() as progress:
        facts = read_facts(index)
        order = make_order(index, facts, metric, progress, is_reversed=is_reversed, again=again)
        save_order(index, order)
        groups = [Group("", order.names)]
        if grouping is not None:
            groups = grouped(index, facts, order.names, grouping, progress)
    rows = [(name, order.values.get(name), one.label) for one in groups for name in one.names]
    print_order(rows[: limit or None], is_grouped=grouping is not None, as_json=as_json)
    warn_damaged(order.damaged)
    typer.echo(f"kept as the order {by!r}: understudy faceset view {' '.join(faceset)} --order {by} OUT.html", err=True)


@faceset_app.command("filter")
def filter_faces(  # noqa: PLR0913 - one argument for each thing that may be asked of a face
    faceset: FacesetArgument,
    *,
    min_sharpness: _MinSharpness = None,
    min_size: _MinSize = None,
    min_score: _MinScore = None,
    yaw: _Yaw = None,
    pitch: _Pitch = None,
    person: _Person = None,
    track: _Track = None,
    origin: _Origin = None,
    alone: _Alone = False,
    invert: _Invert = False,
    duplicates: _Duplicates = None,
    dry_run: _DryRun = False,
    undo: _Undo = False,
    clear: _Clear = False,
    as_json: _Json = False,
) -> None:
    """Set aside the faces that do not meet all criteria: nothing learns from them, and no picture is deleted."""
    from understudy.facesets.facts import read_facts
    from understudy.facesets.filters import Criteria, Span, judge, origins_named

    from .progress import shown_progress

    if undo or clear:
        with _opened(faceset, writable=True) as index:
            print_taken_back(index.unmark(everything=clear), as_json=as_json)
        return
    criteria = Criteria(
        min_sharpness=min_sharpness,
        min_size_px=min_size,
        min_score=min_score,
        yaw_deg=Span.parse(yaw) if yaw else None,
        pitch_deg=Span.parse(pitch) if pitch else None,
        people=tuple(person or ()),
        tracks=tuple(track or ()),
        origins=origins_named(origin or ()),
        is_alone=alone,
        is_inverted=invert,
        duplicates=duplicates,
    )
    with _opened(faceset, writable=True) as index, shown_progress() as progress:
        verdict = judge(index, read_facts(index), criteria, progress)
        if not dry_run:
            index.mark(verdict.failing, criteria.words())
    print_verdict(verdict, dry_run=dry_run, as_json=as_json)


@faceset_app.command("best")
def best(
    faceset: FacesetArgument,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many faces to keep.")],
    by: Annotated[Literal["sharpness", "blur", "size"], typer.Option(help="What makes a face good.")] = "sharpness",
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Copy them there instead.", show_default=False)
    ] = None,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Choose faces that are even over yaw and pitch, good and unlike each other; set the rest aside (DFL: final)."""
    from understudy.facesets.balance import choose_best
    from understudy.facesets.facts import read_facts
    from understudy.facesets.metrics import METRICS
    from understudy.facesets.orders import figures
    from understudy.facesets.uniting import unite

    from .printing import print_json
    from .progress import shown_progress

    with _opened(faceset, writable=True) as index, shown_progress() as progress:
        facts = [face for face in read_facts(index) if not face.mark]
        chosen = choose_best(index, facts, figures(index, facts, METRICS[by], progress), count, progress)
        rest = {face.name for face in facts} - set(chosen)
        if to is not None and not dry_run:
            unite([index.folder], to, progress, only=set(chosen))
        elif not dry_run:
            index.mark(sorted(rest), f"not among the best {count} by {by}")
    if as_json:
        print_json({"chosen": chosen, "rest": len(rest), "to": to, "dry_run": dry_run})
        return
    done = "would be " if dry_run else ""
    ending = f"{done}set aside: {len(rest)}" if to is None else f"{done}copied to {to}"
    typer.echo(f"chosen: {len(chosen)} of {len(facts)} faces; {ending}")


@faceset_app.command("merge")
def merge(
    facesets: Annotated[
        list[str],
        typer.Argument(
            metavar="FACESET... OUT", help="Folders or PROJECT:NAME, then a folder to make.", show_default=False
        ),
    ],
    as_json: _Json = False,
) -> None:
    """Unite facesets in a new one; marks and people's names come along, a face that two of them have comes once."""
    from understudy.errors import RequestError
    from understudy.facesets.opening import faceset_of_text
    from understudy.facesets.uniting import unite

    from .printing import print_json
    from .progress import shown_progress

    if len(facesets) < 3:
        raise RequestError("to unite are two facesets or more, and a folder to make: understudy faceset merge A B OUT")
    target = Path(facesets[-1])
    with shown_progress() as progress:
        united = unite([faceset_of_text(text) for text in facesets[:-1]], target, progress)
    if as_json:
        print_json({"folder": target, **dataclasses.asdict(united)})
        return
    typer.echo(f"{target}: {united.faces} faces")
    if united.doubles:
        typer.echo(f"left out {united.doubles} faces that an earlier faceset has of the same frame", err=True)
    for old, new in united.renamed:
        typer.echo(f"{old!r} looks otherwise than the {old!r} before, and is {new!r} now", err=True)


@faceset_app.command("view")
def view(
    faceset: Annotated[
        list[str],
        typer.Argument(metavar="(PROJECT NAME | FOLDER) OUT.html", help="A faceset, and the page.", show_default=False),
    ],
    order: Annotated[str, typer.Option(metavar="METRIC", help="In which order; see: faceset metrics.")] = "time",
    group: _Group = None,
    limit: Annotated[int, typer.Option(min=0, help="Show so many at most, evenly spread; 0 for all.")] = 2000,
    as_json: _Json = False,
) -> None:
    """Write a page with the faces to look at: one HTML file that needs nothing but a browser."""
    from understudy.errors import RequestError
    from understudy.facesets.groups import Grouping
    from understudy.facesets.viewing import View, write_sheet

    from .printing import print_json
    from .progress import shown_progress

    path = Path(faceset[-1])
    if len(faceset) < 2 or path.suffix.lower() not in {".html", ".htm"}:
        raise RequestError(f"the last word names the page to write, such as faces.html, but is {faceset[-1]!r}")
    shown = View(order=order, group=Grouping.parse(group) if group else None, limit=limit)
    with _opened(faceset[:-1], writable=True) as index, shown_progress() as progress:
        sheet = write_sheet(index, path, shown, progress)
    if as_json:
        print_json(dataclasses.asdict(sheet))
        return
    typer.echo(str(sheet.path))
    if sheet.shown < sheet.faces:
        typer.echo(f"it shows {sheet.shown} of {sheet.faces} faces, evenly spread; for all: --limit 0", err=True)
    warn_damaged(sheet.damaged)


@contextlib.contextmanager
def _opened(words: list[str], *, writable: bool = False) -> Iterator[Faceset]:
    from understudy.facesets.opening import faceset_folder, opened

    with opened(faceset_folder(words), writable=writable) as index:
        yield index
