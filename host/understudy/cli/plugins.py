"""The commands about plugins: which are there, and what can each be told?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from understudy.plugins import Offer, PluginRow, Registry

__all__ = ["plugins_app"]

plugins_app = typer.Typer(no_args_is_help=True, help="See which plugins are installed and what they can be told.")

_CHOOSABLE: Final = ("ok", "ambiguous")


@plugins_app.command("list")
def list_plugins(
    show_all: Annotated[bool, typer.Option("--all", help="Also those that failed, are blocked or unusable.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the plugins a project may choose from, and whether they may be used in paid work."""
    from understudy.plugin_facts import paid_work_of, row_facts
    from understudy.plugins import discover

    from .printing import print_json, print_table

    registry = discover()
    rows = [row for row in registry.rows if show_all or row.status in _CHOOSABLE]
    if as_json:
        print_json([row_facts(row, registry) for row in rows])
        return
    lines = [
        (row.stage or "-", row.name or "-", row.status, f"{row.distribution} {row.version}",
         paid_work_of(row, registry) or "-", row.summary)
        for row in rows
    ]  # fmt: skip
    print_table(("stage", "name", "status", "from", "paid work", "summary"), lines)
    for row in rows:
        if row.reason:
            _print_reason(row)
    if len(rows) < len(registry.rows):
        count = len(registry.rows) - len(rows)
        typer.echo(f"{count} more are not usable; to see why: understudy plugins list --all", err=True)


@plugins_app.command("show")
def show_plugin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What a project writes after use:", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show what a plugin can be told, its licence, and the weight files it needs; or why it is not there."""
    from understudy.plugin_facts import facts_of, row_facts
    from understudy.plugins import STAGES, discover

    from .printing import print_json

    registry = discover()
    offers = [offer for stage in STAGES for offer in registry.named(stage, name)]
    rows = [row for row in registry.rows if name in {row.name, row.entry_point} and row.status not in _CHOOSABLE]
    if not (offers or rows):
        raise _unknown(name, registry)
    if as_json:
        print_json([*map(facts_of, offers), *(row_facts(row, registry) for row in rows)])
        return
    for offer in offers:
        _print_offer(offer)
    for row in rows:
        _print_reason(row)


def _unknown(name: str, registry: Registry) -> Exception:
    from understudy.errors import UnknownPluginError
    from understudy.plugins import STAGES

    return UnknownPluginError("plugin", name, {offer.spec.name for stage in STAGES for offer in registry.every(stage)})


def _print_reason(row: PluginRow) -> None:
    typer.echo(f"\n{row.entry_point} (from {row.distribution} {row.version}) is {row.status}:\n  {row.reason}")


def _print_offer(offer: Offer) -> None:
    from understudy.plugin_facts import paid_work, settings_of

    from .printing import size

    spec, origin = offer.spec, offer.origin
    typer.echo(f"{offer.stage} {spec.name}: {spec.summary}")
    typer.echo(
        f"  from {origin.distribution} {origin.version}, entry point {origin.entry_point}, revision {spec.revision}"
    )
    says = {"yes": "allowed", "no": "not allowed", "some settings": "allowed with settings that need no such weights"}
    typer.echo(f"  licence: {origin.licence or 'not stated'}; paid work: {says[paid_work(offer)]}")
    for one in settings_of(spec.config):
        usual = f" = {one.usual}" if one.usual else ", must be stated"
        typer.echo(f"  {one.name}: {one.kind}{usual}" + (f"  {one.meaning}" if one.meaning else ""))
    if not spec.config.model_fields:
        typer.echo("  no settings")
    for weight in spec.weights:
        paid = "paid work allowed" if weight.commercial else "no paid work"
        terms = f"{size(weight.size)}; code {weight.code_licence}; weights {weight.weights_licence}; {paid}"
        typer.echo(f"  needs the weight file {weight.name} ({terms})")
