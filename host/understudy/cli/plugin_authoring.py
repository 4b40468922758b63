"""The commands for authors of plugins: write a package to begin with, and check what a plugin promises."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from understudy.authoring.checking import PluginReport
    from understudy_sdk.testing.checking import Finding

__all__ = ["check_plugin", "new_plugin"]

_WRONG, _MISSING = 1, 3


def new_plugin(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="What a project will write after use:, in snake_case.", show_default=False),
    ],
    stage: Annotated[
        str, typer.Option("--stage", help="What it plays: detector, aligner, masker, model, merger, or a helper.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder to write; understudy-NAME here unless given.")
    ] = None,
) -> None:
    """Write a plugin's package to begin with: it installs, is listed, checked and runs as it stands."""
    from understudy.authoring.writing import write_package
    from understudy.plugins import discover

    names, place = write_package(name, stage, folder, discover())
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        typer.echo(str(path))
    typer.echo(f"next:\n  pip install -e {place}\n  understudy plugins check {names.plugin}", err=True)


def check_plugin(
    plugins: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|PATH...",
            help="An installed plugin (oval, or masker/oval), or the folder or module of one.",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check what a plugin promises: its words, what finding it costs, and the contract of its stage.

    Ends with 1 where a promise is broken, with 3 where weight files are missing to check some of them.
    """
    from understudy.authoring.checking import check_plugins
    from understudy.plugins import discover
    from understudy.weights import WeightCache
    from understudy_sdk import Resources

    from .printing import print_json

    reports = []
    for report in check_plugins(plugins, discover(), Resources("cpu", WeightCache().find)):
        reports.append(report)
        if not as_json:
            _print_report(report)
    if as_json:
        print_json([dataclasses.asdict(report) for report in reports])
    wrong, unchecked = (sum(report.count(status) for report in reports) for status in ("wrong", "not checked"))
    if not as_json:
        _print_sum(sum(report.count("ok") for report in reports), wrong, unchecked)
    if wrong or unchecked:
        raise typer.Exit(_WRONG if wrong else _MISSING)


def _print_report(report: PluginReport) -> None:
    where = f"{report.distribution} {report.version}".strip()
    took = f", imported in {report.import_s:.2f} s" if report.import_s else ""
    typer.echo(f"{report.entry_point} from {where}: module {report.module}{took}")
    _print_findings(report.findings)
    for offer in report.offers:
        typer.echo(f"{offer.stage} {offer.name}")
        _print_findings(offer.findings)


def _print_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        typer.echo(f"  {finding.status:<11}  {finding.topic:<8}  {finding.promise}")
        for label, text in (("expected", finding.expected), ("found", finding.found)):
            if text:
                typer.echo(f"{label:>23}: {_indented(text)}")


def _indented(text: str) -> str:
    return ("\n" + " " * 25).join(line.strip() for line in text.splitlines())


def _print_sum(kept: int, wrong: int, unchecked: int) -> None:
    counts = [(kept, "kept"), (wrong, "broken"), (unchecked, "not checked")]
    told = ", ".join(f"{count} {what}" for count, what in counts if count or what == "kept")
    typer.echo(f"promises: {told}")
