"""How are found faces corrected from the command line?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .projects import ProjectArgument, SetOption
from .running import load

__all__ = ["faces_app"]

faces_app = typer.Typer(no_args_is_help=True, help="Correct by hand which faces were found, and where.")

NameArgument = Annotated[str, typer.Argument(metavar="FACESET", help="Name of the faceset in the project.")]
FramesOption = Annotated[
    str | None, typer.Option("--frames", metavar="LIST", help="Frames such as 100,200-210; all unless given.")
]
ClipOption = Annotated[
    str | None, typer.Option("--clip", metavar="FILE", help="The one clip that is meant, by its file name.")
]


@faces_app.command("export")
def export_command(
    project: ProjectArgument,
    faceset: NameArgument,
    file: Annotated[Path, typer.Argument(help="JSON file to write.")],
    frames: FramesOption = None,
    clip: ClipOption = None,
) -> None:
    """Write found faces, boxes and landmarks, to a JSON file."""
    loaded = load(project, None)
    from understudy.correcting import export_faces, frames_of

    count = export_faces(loaded, faceset, file, frames_of(frames) if frames else None, clip)
    typer.echo(f"{file}: the faces of {count} frames")


@faces_app.command("import")
def import_command(
    project: ProjectArgument,
    faceset: NameArgument,
    file: Annotated[Path, typer.Argument(help="JSON file, as export writes it.")],
) -> None:
    """Take boxes and landmarks from a JSON file; they win over what the machine finds, now and later."""
    loaded = load(project, None)
    from understudy.correcting import import_faces

    taken = import_faces(loaded, faceset, file)
    typer.echo(f"corrected {taken.corrected} frames, {taken.unchanged} unchanged, {taken.undone} as found again")
    if taken.corrected or taken.undone:
        typer.echo(f"to cut their faces anew: understudy extract {project}", err=True)


@faces_app.command("redo")
def redo_command(
    project: ProjectArgument,
    faceset: NameArgument,
    frames: Annotated[str, typer.Option("--frames", metavar="LIST", help="Frames such as 100,200-210.")],
    clip: ClipOption = None,
    overrides: SetOption = None,
) -> None:
    """Search single frames again, with other settings given by --set, and keep what is found there."""
    loaded = load(project, overrides)
    from understudy.correcting import frames_of, search_again

    from .progress import shown_progress

    with shown_progress() as progress:
        count = search_again(loaded, faceset, frames_of(frames), progress, clip)
    typer.echo(f"{count} faces in frames {frames}")
    typer.echo(f"to cut them: understudy extract {project}", err=True)


@faces_app.command("clear")
def clear_command(
    project: ProjectArgument, faceset: NameArgument, frames: FramesOption = None, clip: ClipOption = None
) -> None:
    """Take corrections back: the machine's faces count again."""
    loaded = load(project, None)
    from understudy.correcting import clear_corrections, frames_of

    count = clear_corrections(loaded, faceset, frames_of(frames) if frames else None, clip)
    typer.echo(f"took the corrections of {count} frames back")
