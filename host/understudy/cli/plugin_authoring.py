"""The commands for authors of plugins: write a package to begin with, and check what a plugin promises."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from understudy.authoring.checking import PluginReport
    from understudy_sdk.testing.checking import Finding

__all__ = ["check_plugin"]

_WRONG, _MISSING = 1, 3


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
