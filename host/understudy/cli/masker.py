"""The commands about masks: label faces by hand, teach a masker from that, apply one to a faceset, look at masks."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from understudy.faceset import Faceset
    from understudy_sdk import Resources

__all__ = ["masker_app"]

masker_app = typer.Typer(no_args_is_help=True, help="Teach maskers from faces labelled by hand, and apply them.")
polygons_app = typer.Typer(no_args_is_help=True, help="Bring polygons that people drew into a faceset, and out of it.")
masker_app.add_typer(polygons_app, name="polygons")

_Faceset = Annotated[
    list[str],
    typer.Argument(metavar="PROJECT NAME | FOLDER", help="A project's faceset, or its folder.", show_default=False),
]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Use = Annotated[str, typer.Option(metavar="NAME", help="The masker; see: understudy plugins list.")]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the masker, such as batch_size=8."),
]
_Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]


@polygons_app.command("import")
def import_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="(PROJECT NAME | FOLDER) FILE",
            help="A faceset, and a JSON file of polygons, or a folder of LabelMe's files.",
            show_default=False,
        ),
    ],
    as_json: _Json = False,
) -> None:
    """Take polygons into a faceset; a picture that is listed without any loses its label."""
    from understudy.labels import import_labels

    from .printing import print_json

    faceset, source = _split(words, "import")
    with _opened(faceset, writable=True) as index:
        taken = import_labels(index, source)
    if as_json:
        print_json(dataclasses.asdict(taken))
        return
    cleared = f"; {taken.cleared} lost theirs" if taken.cleared else ""
    typer.echo(f"labelled: {taken.faces} faces with {taken.polygons} polygons{cleared}")


@polygons_app.command("export")
def export_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="(PROJECT NAME | FOLDER) FILE", help="A faceset, and the JSON file to write.", show_default=False
        ),
    ],
    as_json: _Json = False,
) -> None:
    """Write a faceset's polygons as JSON, as import reads it."""
    from understudy.labels import export_labels

    from .printing import print_json

    faceset, path = _split(words, "export")
    with _opened(faceset) as index:
        count = export_labels(index, path)
    if as_json:
        print_json({"file": path, "faces": count})
        return
    typer.echo(f"{path}: the polygons of {count} faces")


@polygons_app.command("clear")
def clear_command(
    faceset: _Faceset,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take them away; without it, only say how many.")] = False,
) -> None:
    """Take all labels of a faceset away, those that came with masks of DeepFaceLab's XSeg too."""
    with _opened(faceset, writable=True) as index:
        count = index.clear_labels() if yes else len(index.labels())
    typer.echo(f"taken away: {count} labels" if yes else f"{count} labels would be taken away; to do so: --yes")


@masker_app.command("train")
def train_command(  # noqa: PLR0913 - one argument for each thing that may be said of a training
    facesets: Annotated[
        list[str],
        typer.Argument(metavar="FACESET...", help="Folders or PROJECT:NAME, with labelled faces.", show_default=False),
    ],
    *,
    use: _Use,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Keeps the training; the same again goes on there.")],
    settings: _Set = None,
    iterations: Annotated[int, typer.Option(min=1, help="Steps in all, those of earlier runs included.")] = 20_000,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Save and stop after so long, such as 90s, 45m or 2h30m."),
    ] = None,
    hold_out: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the labelled faces to measure by instead of learning from.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Decides the order of faces.")] = 0,
    device: _Device = "auto",
    as_json: _Json = False,
) -> None:
    """Teach a masker from labelled faces; Ctrl-C saves and stops, and the same command goes on."""
    from understudy.devices import resolve_device
    from understudy.facesets.opening import faceset_of_text
    from understudy.mask_training import MaskOrder, choose_masker, train_masker
    from understudy.plugins import discover

    from .durations import seconds_of
    from .printing import print_json
    from .progress import shown_progress

    chosen = choose_masker(discover(), use, settings or (), learns=True)
    folders = [faceset_of_text(text) for text in facesets]
    for_s = None if for_ is None else seconds_of(for_)
    on = resolve_device(device)
    with shown_progress() as progress:
        outcome = train_masker(
            MaskOrder(
                chosen=chosen,
                masker=chosen.build(_resources(on)),
                facesets=folders,
                folder=out,
                steps=iterations,
                for_s=for_s,
                hold_out=hold_out,
                seed=seed,
                device=on,
                progress=progress,
            )
        )
    if as_json:
        print_json(dataclasses.asdict(outcome))
        return
    typer.echo(f"{outcome.weights}: {use} after step {outcome.step} on {outcome.learnt} faces, loss {outcome.loss:.4f}")
    if outcome.iou is not None:
        typer.echo(f"on {outcome.held_out} held-out faces: IoU {outcome.iou:.3f}")


@masker_app.command("apply")
def apply_command(
    faceset: _Faceset,
    *,
    use: _Use,
    settings: _Set = None,
    out: Annotated[
        Path | None, typer.Option(metavar="NEWSET", help="Folder of a copy to make, with the masks.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace the masks of the faceset itself.")] = False,
    device: _Device = "auto",
    as_json: _Json = False,
) -> None:
    """Give all faces of a faceset masks of one masker, in a copy or, with --yes, in place: all of them or none."""
    from understudy.devices import resolve_device
    from understudy.errors import RequestError
    from understudy.facesets.opening import faceset_folder
    from understudy.mask_training import apply_masker, choose_masker
    from understudy.plugins import discover

    from .printing import print_json
    from .progress import shown_progress

    if (out is None) != yes:
        raise RequestError("say where the masks go: --out NEWSET makes a copy, --yes replaces those of the faceset")
    chosen = choose_masker(discover(), use, settings or ())
    folder = faceset_folder(faceset)
    with shown_progress() as progress:
        masker = chosen.build(_resources(resolve_device(device)))
        applied = apply_masker(folder, chosen, masker, progress, out=out)
    if as_json:
        print_json(dataclasses.asdict(applied))
        return
    typer.echo(f"{applied.folder}: {applied.faces} faces masked by {use}")
    if applied.empty:
        typer.echo(f"on {applied.empty} of them it found no face", err=True)


@masker_app.command("show")
def show_command(
    faceset: _Faceset,
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture to write, PNG or JPEG.")] = Path(
        "masks.png"
    ),
    count: Annotated[int, typer.Option(min=1, max=600, help="Show so many at most, evenly spread.")] = 48,
    labelled: Annotated[bool, typer.Option("--labelled", help="Show labelled faces alone, with their labels.")] = False,
    as_json: _Json = False,
) -> None:
    """Write a sheet of faces with their masks and polygons drawn over them, to judge them by."""
    from understudy.errors import RequestError
    from understudy.mask_training import shown_faces
    from understudy.pictures import write_picture

    from .printing import print_json

    if output.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise RequestError(f"the sheet must be a .png or a .jpg, but is {output}")
    with _opened(faceset) as index:
        sheet, shown, faces = shown_faces(index, count, only_labelled=labelled)
    if not shown:
        raise RequestError(f"there is no {'labelled ' if labelled else ''}face to show in {' '.join(faceset)}")
    write_picture(output, sheet)
    if as_json:
        print_json({"file": output, "shown": shown, "faces": faces})
        return
    typer.echo(f"{output}: {shown} of {faces} faces")


def _split(words: list[str], command: str) -> tuple[list[str], Path]:
    from understudy.errors import RequestError

    if len(words) < 2:
        raise RequestError(f"name a faceset, and then the file: understudy masker polygons {command} FOLDER FILE.json")
    return words[:-1], Path(words[-1])


@contextlib.contextmanager
def _opened(words: list[str], *, writable: bool = False) -> Iterator[Faceset]:
    from understudy.facesets.opening import faceset_folder, opened

    with opened(faceset_folder(words), writable=writable) as index:
        yield index


def _resources(device: str) -> Resources:
    from understudy.weights import WeightCache
    from understudy_sdk import Resources

    return Resources(device, WeightCache().find, os.cpu_count() or 1)
