"""The commands about what models have learnt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import model_exchange
from .projects import ProjectArgument, SetOption

if TYPE_CHECKING:
    from understudy.project import ChosenSwap, LoadedProject
    from understudy.training.records import Record

__all__ = ["model_app"]

model_app = typer.Typer(no_args_is_help=True, help="What models have learnt, and models of other programs.")

SwapOption = Annotated[
    int | None,
    typer.Option("--swap", min=1, metavar="N", help="Which of the project's swaps, from 1.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@model_app.command("list")
def list_command(project: ProjectArgument, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List the checkpoints and snapshots of every swap, with their losses and how good they are."""
    from .printing import print_json, print_table, size

    rows = [(number, record) for number, folder in _trainings(_load(project, overrides)) for record in _records(folder)]
    if as_json:
        print_json([{"swap": number, **record.to_json()} for number, record in rows])
        return
    heads = ("swap", "step", "kept as", "losses", "score", "size", "made", "")
    print_table(
        heads,
        [
            (
                number,
                record.step,
                record.kind,
                "  ".join(f"{name} {loss:.4f}" for name, loss in record.losses.items()),
                "" if record.score is None else f"{record.score:.4f}",
                size(record.bytes),
                f"{record.made:%Y-%m-%d %H:%M}",
                record.fault or ("best" if record.is_best else ""),
            )
            for number, record in rows
        ],
    )


@model_app.command("show")
def show_command(
    project: ProjectArgument,
    swap: SwapOption = None,
    step: Annotated[int | None, typer.Option(min=1, help="Which step; the newest unless given.")] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is kept of a step: its settings, its files, and whether they are whole."""
    from understudy.training.checkpoints import Checkpoint
    from understudy.training.records import find_record

    from .printing import print_json, print_table, size

    record = find_record(_training(_load(project, overrides), swap), step)
    state = record.state
    fault = record.fault or (Checkpoint(record.path, state).fault() if state else "")
    if as_json:
        print_json({**record.to_json(), "fault": fault, "state": state.model_dump(mode="json") if state else None})
        return
    rows = [("folder", record.path), ("kept as", record.kind), ("size", size(record.bytes))]
    rows += [("made", f"{record.made:%Y-%m-%d %H:%M:%S}"), ("whole", f"no: {fault}" if fault else "yes")]
    if state is not None:
        rows += [("step", state.step), ("model", f"{state.model}, revision {state.revision}")]
        rows += [("batch size", state.batch_size or "unknown"), ("score", state.score or "unknown")]
        rows += [(f"loss, {name}", f"{loss:.6g}") for name, loss in state.losses.items()]
        rows += [(f"made with {name}", version) for name, version in state.made_with.items()]
        rows += [(name, f"{mark.bytes} bytes, SHA-256 {mark.sha256}") for name, mark in state.files.items()]
        rows += [(f"setting {name}", value) for name, value in state.settings.items()]
    print_table(("what", "value"), rows)


@model_app.command("rollback")
def rollback_command(
    project: ProjectArgument,
    to: Annotated[int, typer.Option(min=1, metavar="STEP", help="A step that is listed.")],
    swap: SwapOption = None,
    overrides: SetOption = None,
) -> None:
    """Let the training go on from an earlier step; what is newer is moved aside, not deleted."""
    from understudy.training.records import roll_back

    record = roll_back(_training(_load(project, overrides), swap), to, lambda text: typer.echo(text, err=True))
    typer.echo(str(record.path))


@model_app.command("timelapse")
def timelapse_command(
    project: ProjectArgument,
    swap: SwapOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The film; beside the training unless given.")
    ] = None,
    overrides: SetOption = None,
) -> None:
    """Write the previews of a training as a film, and say where."""
    from understudy.training.timelapse import write_timelapse

    typer.echo(str(write_timelapse(_training(_load(project, overrides), swap), out)))


model_app.command("import-dfl")(model_exchange.import_dfl_command)
model_app.command("export-dfl")(model_exchange.export_dfl_command)
model_app.command("export-dfm")(model_exchange.export_dfm_command)


def _load(path: Path, overrides: list[str] | None) -> LoadedProject:
    from .running import load

    return load(path, overrides)


def _records(folder: Path) -> list[Record]:
    from understudy.training.records import records_of

    return records_of(folder)


def _trainings(project: LoadedProject) -> Iterator[tuple[int, Path]]:
    """Yield number and folder of the training of every swap that learns."""
    from understudy.learning import swap_artifact
    from understudy.store import WorkFolder

    work = WorkFolder(project.work)
    for number, swap in enumerate(project.swaps, 1):
        if swap.iterations:
            yield number, swap_artifact(work, swap).folder


def _training(project: LoadedProject, number: int | None) -> Path:
    """Return the folder of the training that is meant.

    Raises:
        RequestError: No swap of that number learns, or several do and none is named.
    """
    from understudy.errors import RequestError

    found = dict(_trainings(project))
    if number is None and len(found) == 1:
        return next(iter(found.values()))
    if number in found:
        return found[number]
    listed = "\n".join(f"    {place}: {_title(project.swaps[place - 1])}" for place in found)
    if not found:
        raise RequestError(f"{project.path.name} has no swap with a model that learns")
    what = "several swaps learn" if number is None else f"swap {number} does not learn"
    raise RequestError(f"{what} in {project.path.name}; those that do are\n{listed}\n  choose one with --swap")


def _title(swap: ChosenSwap) -> str:
    return f"{swap.source.name} on {swap.target.name}, {swap.model.name}"
