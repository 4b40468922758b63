"""Which weight files do the installed plugins need, and how are they brought here?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from understudy.plugins import Registry
    from understudy.weights import WeightCache
    from understudy_sdk import WeightFile

__all__ = ["weights_app"]

weights_app = typer.Typer(no_args_is_help=True, help="List, fetch and import the weight files that plugins need.")


@dataclass(frozen=True, slots=True)
class _Declared:
    """A weight file and the plugins that declare it, as ``stage name``."""

    weight: WeightFile
    needed_by: list[str] = field(default_factory=list)


@weights_app.command("list")
def list_weights(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List every weight file that an installed plugin declares, its licences and whether it is here."""
    from understudy.plugins import discover
    from understudy.weights import WeightCache

    cache = WeightCache()
    rows = [_row(cache, entry) for entry in _declared(discover())]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        paid = "paid work allowed" if row["commercial"] else "no paid work"
        typer.echo(f"{row['state']:<8} {row['name']}  {row['size'] / 1e6:.1f} MB")
        typer.echo(f"         needed by {', '.join(row['needed_by'])}")
        typer.echo(f"         licence: code {row['code_licence']}, weights {row['weights_licence']}; {paid}")
        typer.echo(f"         {row['path'] or 'from ' + '; '.join(row['sources'])}")


@weights_app.command("pull")
def pull_weights(
    names: Annotated[list[str] | None, typer.Argument(help="Files to fetch; all that are declared by default.")] = None,
) -> None:
    """Fetch weight files that are missing or damaged; one that cannot be had does not keep the others from coming."""
    from understudy.errors import WeightsError
    from understudy.plugins import discover
    from understudy.weights import WeightCache

    cache, failures = WeightCache(), list[str]()
    for weight in _chosen([entry.weight for entry in _declared(discover())], names or []):
        try:
            path = cache.pull(weight, say=lambda text: typer.echo(text, err=True))
            typer.echo(f"{weight.name}: {path}")
        except WeightsError as error:
            failures.append(str(error))
    if failures:
        raise WeightsError("\n".join(failures))


@weights_app.command("import")
def import_weights(
    files: Annotated[list[Path], typer.Argument(help="Files you have; recognised by their content, not their name.")],
) -> None:
    """Copy weight files you have into the cache."""
    from understudy.plugins import discover
    from understudy.weights import WeightCache

    cache, weights = WeightCache(), [entry.weight for entry in _declared(discover())]
    for file in files:
        typer.echo(f"{file}: {cache.add(weights, file)}")


def _declared(registry: Registry) -> list[_Declared]:
    """Return every weight file once, by name, with all who need it."""
    from understudy.plugins import STAGES

    found: dict[tuple[str, str], _Declared] = {}
    for stage in STAGES:
        for offer in registry.every(stage):
            for weight in offer.spec.weights:
                entry = found.setdefault((weight.name, weight.sha256), _Declared(weight))
                entry.needed_by.append(f"{stage} {offer.spec.name}")
    return [found[key] for key in sorted(found)]


def _chosen(weights: list[WeightFile], names: list[str]) -> list[WeightFile]:
    """Return the files of these names, or all where there are none."""
    import difflib

    from understudy.errors import RequestError

    by_name = {weight.name: weight for weight in weights}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise RequestError(
                f"no installed plugin declares a weight file called {name!r}.{hint}\n"
                f"  declared: {', '.join(sorted(by_name)) or 'none'}"
            )
    return [by_name[name] for name in names] if names else weights


def _row(cache: WeightCache, entry: _Declared) -> dict[str, Any]:
    weight, (state, path) = entry.weight, cache.state(entry.weight)
    return {
        "name": weight.name,
        "state": state,
        "path": None if path is None else str(path),
        "size": weight.size,
        "sha256": weight.sha256,
        "needed_by": entry.needed_by,
        "code_licence": weight.code_licence,
        "weights_licence": weight.weights_licence,
        "commercial": weight.commercial,
        "sources": [str(source) for source in weight.sources],
    }
