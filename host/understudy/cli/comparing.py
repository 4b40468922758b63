"""The command that lays combinations of plugins and settings side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .projects import ProjectArgument, SetOption

__all__ = ["compare"]


def _list(stage: str) -> Any:
    return typer.Option(f"--{stage}", metavar="A,B", help=f"{stage.capitalize()}s to compare.")


def compare(  # noqa: PLR0913 - one option for each stage
    project: ProjectArgument,
    *,
    detector: Annotated[str | None, _list("detector")] = None,
    aligner: Annotated[str | None, _list("aligner")] = None,
    masker: Annotated[str | None, _list("masker")] = None,
    model: Annotated[str | None, _list("model")] = None,
    merger: Annotated[str | None, _list("merger")] = None,
    matrix: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file with the same lists, settings and labels.")
    ] = None,
    frames: Annotated[str | None, typer.Option(metavar="LIST", help="Frames, such as 100,200-210.")] = None,
    ranges: Annotated[str | None, typer.Option(metavar="LIST", help="Times, such as 00:00:01:00-00:00:02:12.")] = None,
    clip: Annotated[str | None, typer.Option(metavar="NAME", help="Clip to compare; the first unless given.")] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Steps that each model learns; the project's unless given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The page; in the work folder unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    overrides: SetOption = None,
) -> None:
    """Run combinations of plugins over some frames; write a page with figures, a sheet and a clip side by side."""
    from understudy import api
    from understudy_sdk import UnderstudyError

    from .printing import print_json, print_paths
    from .progress import shown_events

    given = {"detector": detector, "aligner": aligner, "masker": masker, "model": model, "merger": merger}
    lists = {stage: [name.strip() for name in text.split(",") if name.strip()] for stage, text in given.items() if text}
    with shown_events() as on_event:
        found = api.compare(
            project, lists, matrix=matrix, frames=frames, ranges=ranges, clip=clip, iterations=iterations, out=out,
            set=overrides or (), on_event=on_event,
        )  # fmt: skip
    if as_json:
        print_json(found.to_json())
    else:
        print_paths([path for path in (found.page, found.sheet, found.clip) if path])
    if found.clip is None:
        raise UnderstudyError("none of the combinations works; the page says why of each")
