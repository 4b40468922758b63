"""The commands that bring trained models from DeepFaceLab and take them there; they stand among those of ``model``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from understudy.models.importing import Imported

__all__ = ["export_dfl_command", "export_dfm_command", "import_dfl_command"]

_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Learnt = Annotated[
    Path, typer.Argument(metavar="(PROJECT | CHECKPOINT)", help="A project file, or a checkpoint's folder.")
]
_Swap = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Which of the project's swaps, from 1.", show_default=False)
]


def import_dfl_command(
    folder: Annotated[Path, typer.Argument(help="A folder of DeepFaceLab's with trained models.")],
    out: Annotated[Path, typer.Argument(help="The folder to make: a checkpoint to start from.")],
    name: Annotated[
        str | None, typer.Option(help="Which model, where the folder holds several.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Of which kind, such as SAEHD, Quick96 or AMP.", show_default=False),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Take a model over that DeepFaceLab trained, to train on from its iteration or to swap with."""
    from understudy.models.importing import import_dfl
    from understudy.plugins import discover

    from .printing import print_json

    done = import_dfl(folder, out, discover(), name=name, kind=kind)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    typer.echo(f"{done.folder}: {done.title} after {done.step} iterations, losses of {done.losses} of them")
    for remark in done.remarks:
        typer.echo(f"note: {remark}", err=True)
    typer.echo(_snippet(done))


def export_dfl_command(
    what: _Learnt,
    out: Annotated[Path, typer.Argument(help="The folder to make.")],
    swap: _Swap = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the model there, without _.", show_default=False)
    ] = None,
    as_json: _Json = False,
) -> None:
    """Write a trained model as the files that DeepFaceLab goes on training."""
    from understudy.models.exporting import export_dfl
    from understudy.plugins import discover

    from .printing import print_json, print_paths

    done = export_dfl(what, out, discover(), swap=swap, name=name)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    for remark in done.remarks:
        typer.echo(f"note: {remark}", err=True)
    typer.echo(f"{out}: a model of {done.kind} after {done.step} iterations", err=True)
    print_paths(done.files)


def export_dfm_command(
    what: _Learnt,
    out: Annotated[Path, typer.Argument(help="The file to make, such as anna.dfm.")],
    swap: _Swap = None,
    half: Annotated[bool, typer.Option("--half", help="Convolutions in float16: half the size.")] = False,
    opset: Annotated[int, typer.Option(min=12, max=17, help="Version of ONNX's operators; players know 12.")] = 12,
    author: Annotated[str, typer.Option(help="Who made it; stands in the file.", show_default=False)] = "",
    licence: Annotated[str, typer.Option(help="Who may use it for what; stands in the file.", show_default=False)] = "",
) -> None:
    """Write a trained model as a DFM file, checked against the model, for programs that play such files."""
    from understudy.models.dfm import DfmOptions, export_dfm
    from understudy.plugins import discover

    from .printing import size

    options = DfmOptions(is_half=half, opset=opset, author=author, licence=licence)
    done = export_dfm(what, out, discover(), options, swap=swap)
    for remark in done.remarks:
        typer.echo(f"note: {remark}", err=True)
    typer.echo(
        f"{done.path}: {done.size} px, {done.face_type}, {size(done.bytes)}, {done.step} iterations; "
        f"at most {done.error:.1e} off the model"
    )


def _snippet(done: Imported) -> str:
    """Return the lines to paste into a project."""
    import io

    from ruamel.yaml import YAML

    chosen: dict[str, Any] = {"use": done.use}
    chosen |= {"with": _flowing(done.settings)} if done.settings else {}
    if done.stage == "model":
        chosen |= {"iterations": done.iterations, "start_from": str(done.folder)}
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 1000
    yaml.dump({done.stage: chosen}, text)
    return text.getvalue().rstrip()


def _flowing(settings: Mapping[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    flowing = CommentedMap(settings)
    flowing.fa.set_flow_style()
    return flowing
