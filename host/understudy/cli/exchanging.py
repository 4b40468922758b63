"""The commands that bring faces from other programs and take them there; they stand among those of ``faceset``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["export_faces_command", "import_faces_command"]

_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def import_faces_command(
    source: Annotated[
        Path,
        typer.Argument(help="A folder of DeepFaceLab's aligned JPEGs or faceswap's PNGs, or a faceset.pak."),
    ],
    out: Annotated[Path, typer.Argument(help="The folder to make.")],
    masker: Annotated[
        str | None, typer.Option(metavar="NAME", help="Makes masks for faces that came without one.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Make a faceset of DeepFaceLab's or faceswap's faces; folders within the folder are persons."""
    import os

    from understudy.exchange import crop_masker, import_faces
    from understudy.plugins import discover
    from understudy.weights import WeightCache
    from understudy_sdk import Resources

    from .printing import print_json
    from .progress import shown_progress

    resources = Resources("cpu", WeightCache().find, os.cpu_count() or 1)
    make = None if masker is None else crop_masker(discover(), masker, resources)
    with shown_progress() as progress:
        summary = import_faces(source, out, progress, masker=make)
    if as_json:
        print_json({"folder": out, **dataclasses.asdict(summary)})
        return
    made = summary.faces - summary.own_masks
    typer.echo(f"{out}: {summary.faces} faces, {summary.own_masks} of them with a mask of their own")
    if made:
        typer.echo(f"masked by {masker}: {made}")
    if summary.people:
        typer.echo(f"people: {', '.join(summary.people)}")
    if summary.skipped:
        typer.echo(f"skipped: {len(summary.skipped)} files that are no faces", err=True)


def export_faces_command(
    faceset: Annotated[
        list[str],
        typer.Argument(
            metavar="(PROJECT NAME | FOLDER) OUT", help="A faceset, and the folder to make.", show_default=False
        ),
    ],
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of JPEGs that are coded anew.")] = 98,
    with_masks: Annotated[bool, typer.Option("--with-masks", help="Send the masks along, as XSeg masks.")] = False,
    face_type: Annotated[
        Literal["half", "mid_full", "full", "full_no_align", "whole_face", "head", "head_no_align"] | None,
        typer.Option(help="Cut the faces anew as these; as they are stored by default.", show_default=False),
    ] = None,
    include_marked: Annotated[
        bool, typer.Option("--include-marked", help="Also write faces that are set aside.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Write a faceset as a folder of aligned JPEGs that DeepFaceLab trains on and merges with."""
    from understudy.errors import RequestError
    from understudy.exchange import export_dfl
    from understudy.facesets.opening import faceset_folder, opened
    from understudy_sdk import FaceType

    from .printing import print_json
    from .progress import shown_progress

    if len(faceset) < 2:
        raise RequestError("name a faceset, and then the folder to make: understudy faceset export FOLDER OUT")
    out = Path(faceset[-1])
    with opened(faceset_folder(faceset[:-1])) as index, shown_progress() as progress:
        count = export_dfl(
            index,
            out,
            progress,
            quality=quality,
            with_masks=with_masks,
            include_marked=include_marked,
            face_type=None if face_type is None else FaceType(face_type),
        )
    if as_json:
        print_json({"folder": out, "faces": count})
        return
    typer.echo(f"{out}: {count} faces")
