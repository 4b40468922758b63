"""The commands about plugins: which are there, and what can each be told?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from understudy.plugins import Offer
    from understudy_sdk import StageConfig

__all__ = ["plugins_app"]

plugins_app = typer.Typer(no_args_is_help=True, help="See which plugins are installed and what they can be told.")


@plugins_app.command("list")
def list_plugins(
    show_all: Annotated[bool, typer.Option("--all", help="Also those that failed, are blocked or unusable.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the plugins a project may choose from."""
    from understudy.plugins import discover

    from .printing import print_json, print_table

    every = discover().rows
    rows = [row for row in every if show_all or row.status == "ok"]
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    lines = [
        (row.stage or "-", row.name or "-", row.status, f"{row.distribution} {row.version}", row.summary)
        for row in rows
    ]
    print_table(("stage", "name", "status", "from", "summary"), lines)
    for row in rows:
        if row.reason:
            typer.echo(f"\n{row.entry_point} (from {row.distribution} {row.version}) is {row.status}:\n  {row.reason}")
    if len(rows) < len(every):
        typer.echo(f"{len(every) - len(rows)} more are not usable; to see why: understudy plugins list --all", err=True)


@plugins_app.command("show")
def show_plugin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What a project writes after use:", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show what a plugin can be told, and the weight files it needs."""
    from understudy.errors import UnknownPluginError
    from understudy.plugins import STAGES, discover

    from .printing import print_json

    registry = discover()
    offers = [offers[name] for stage in STAGES if name in (offers := registry.offers(stage))]
    if not offers:
        raise UnknownPluginError("plugin", name, {name for stage in STAGES for name in registry.offers(stage)})
    if as_json:
        print_json([_facts(offer) for offer in offers])
        return
    for offer in offers:
        _print_offer(offer)


def _facts(offer: Offer) -> dict[str, Any]:
    spec = offer.spec
    return {
        "stage": offer.stage,
        "name": spec.name,
        "summary": spec.summary,
        **dataclasses.asdict(offer.origin),
        "revision": spec.revision,
        "settings": spec.config.model_json_schema(by_alias=True),
        "weights": [dataclasses.asdict(weight) for weight in spec.weights],
    }


def _print_offer(offer: Offer) -> None:
    spec, origin = offer.spec, offer.origin
    typer.echo(f"{offer.stage} {spec.name}: {spec.summary}")
    typer.echo(f"  from {origin.distribution} {origin.version}, entry point {origin.entry_point}")
    for line in _setting_lines(spec.config):
        typer.echo(f"  {line}")
    for weight in spec.weights:
        paid = "paid work allowed" if weight.commercial else "no paid work"
        typer.echo(f"  needs the weight file {weight.name} ({weight.weights_licence}; {paid})")


def _setting_lines(config: type[StageConfig]) -> list[str]:
    """Return a line for every setting: its name, kind, limits, default and meaning."""
    schema = config.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    lines = []
    for name, facts in schema.get("properties", {}).items():
        default = f" = {facts['default']}" if "default" in facts else ""
        meaning = f"  {facts['description']}" if "description" in facts else ""
        lines.append(f"{name}: {_kind(facts, definitions)}{default}{meaning}")
    return lines or ["no settings"]


def _kind(facts: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Write what a value may be, from its JSON schema."""
    if "$ref" in facts:
        return _kind(definitions[facts["$ref"].rpartition("/")[2]], definitions)
    if "const" in facts:
        return str(facts["const"])
    if "enum" in facts:
        return " | ".join(map(str, facts["enum"]))
    if "anyOf" in facts:
        return " | ".join(_kind(choice, definitions) for choice in facts["anyOf"])
    words = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<", "multipleOf": "x"}
    limits = ", ".join(f"{sign} {facts[key]:g}" for key, sign in words.items() if key in facts)
    return str(facts.get("type", "any")) + (f" ({limits})" if limits else "")
