"""The commands about a project file: begin one, check it, describe it to editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from understudy.project import LoadedProject

__all__ = ["ProjectArgument", "SetOption", "check", "new", "schema"]

ProjectArgument = Annotated[Path, typer.Argument(metavar="PROJECT", help="Project file.", show_default=False)]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value for this time, such as output.video.crf=20."),
]


def new(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.", show_default=False)]) -> None:
    """Make a folder with a commented project file and places for footage and results."""
    from understudy.project import start_project

    path = start_project(folder)
    typer.echo(str(path))
    typer.echo(f"put clips into {folder / 'footage'}, fill the file in, then: understudy check {path}", err=True)


def check(
    project: ProjectArgument,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check a project file, every problem with its place; footage is read where moments of a clip are written."""
    from understudy.api import load
    from understudy.errors import ProjectError
    from understudy.plugin_record import PluginRecord

    from .printing import print_json

    try:
        loaded = load(project, overrides or ())
        unread = _compare_times(loaded)
    except ProjectError as error:
        if as_json:
            print_json({"ok": False, "path": error.path, "problems": error.problems})
        raise
    counts = {"facesets": len(loaded.facesets), "swaps": len(loaded.swaps)}
    if as_json:
        print_json({"ok": True, "path": loaded.path, "problems": [], "name": loaded.name, **counts})
    else:
        typer.echo(f"{project}: ok (facesets: {counts['facesets']}, swaps: {counts['swaps']})")
    for text in PluginRecord(loaded.work).changes(loaded.offers):
        typer.echo(text, err=True)
    if unread:
        typer.echo(f"{project}: ranges and keyframes are not compared with the clips yet: {unread}", err=True)
    if loaded.swaps and loaded.consent is None:
        typer.echo(f"{project}: states no consent yet; nothing can be merged without it", err=True)


def _compare_times(project: LoadedProject) -> str:
    if not project.is_timed:
        return ""
    from understudy.merging import compare_times

    return compare_times(project)


def schema(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write; stdout unless given.")] = None,
) -> None:
    """Print the JSON schema of project files, with the settings of every installed plugin."""
    from understudy.errors import RequestError
    from understudy.plugins import discover
    from understudy.project import project_schema

    text = json.dumps(project_schema(discover()), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise RequestError(f"{output} cannot be written: {error.strerror}") from error
    typer.echo(str(output))
