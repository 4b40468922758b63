"""Which plugin does its author mean, by a name or by a path?

A plugin that is installed is meant by the name of an offer (``oval``; ``masker/oval`` where several stages have one),
its entry point or its distribution; one that is not, by the path of its folder or of its module.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from understudy.errors import RequestError, UnknownPluginError
from understudy.plugins import STAGES, Offer, Origin, PluginRow, Registry
from understudy_sdk.hooks import NAMESPACE

__all__ = ["Target", "find_targets", "importable"]

_FAULTS = {"failed", "unusable"}


@dataclass(frozen=True, slots=True)
class Target:
    """A plugin to check.

    Attributes:
        origin: Where it comes from.
        module: The module that its entry point names.
        roots: Folders to import it from before all others; none where it is installed.
        wanted: Stage and name of the offers that are meant; none means all of them.
    """

    origin: Origin
    module: str
    roots: tuple[Path, ...] = ()
    wanted: tuple[tuple[str, str], ...] = ()

    def means(self, offer: Offer) -> bool:
        """Whether one of its offers is meant."""
        return not self.wanted or (offer.stage, offer.spec.name) in self.wanted


def find_targets(text: str, registry: Registry) -> list[Target]:
    """Return what a name or a path means; an entry point each.

    Raises:
        RequestError: Nothing is called so, several stages have such a plugin, or the folder holds none.
    """
    found = _installed(text, registry)
    if found:
        return found
    path = Path(text)
    if path.exists():
        return _at(path)
    if os.sep in text or text.endswith(".py"):
        raise RequestError(f"{text}: there is no such folder or module, and no plugin is called so")
    names = {row.name for row in registry.rows if row.name}
    raise UnknownPluginError("plugin", text, names)


@contextmanager
def importable(target: Target) -> Iterator[None]:
    """Let a target that is not installed be imported, and forget it afterwards."""
    if not target.roots:
        yield
        return
    top = target.module.partition(".")[0]

    def taken() -> dict[str, Any]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == top}

    before, paths = taken(), list(sys.path)
    for name in before:
        del sys.modules[name]
    sys.path[:0] = [str(root) for root in target.roots]
    try:
        yield
    finally:
        sys.path[:] = paths
        for name in taken():
            del sys.modules[name]
        sys.modules.update(before)


def _installed(text: str, registry: Registry) -> list[Target]:
    """Return the installed plugins that a name means, whether they work or not."""
    first, _, second = text.partition("/")
    stage, name = (first, second) if first in STAGES and second else ("", text)
    rows = [row for row in registry.rows if stage in {"", row.stage}]
    named = [row for row in rows if row.name == name and row.stage]
    stages = sorted({row.stage for row in named}, key=STAGES.index)
    if len(stages) > 1:
        choices = " or ".join(f"{one}/{name}" for one in stages)
        raise RequestError(f"{name!r} is the name of {len(stages)} plugins\n  say which one: {choices}")
    rows = named or [row for row in rows if name in {row.entry_point, row.distribution}]
    blocked = [row for row in rows if row.status == "blocked"]
    if blocked:
        raise RequestError(f"the plugin {blocked[0].entry_point!r} is not loaded: {blocked[0].reason}")
    return _targets(rows, wanted=bool(named))


def _targets(rows: Sequence[PluginRow], wanted: bool) -> list[Target]:
    """Return a target for each entry point among the rows."""
    found: dict[Origin, list[tuple[str, str]]] = {}
    for row in rows:
        origin = Origin(row.entry_point, row.distribution, row.version)
        found.setdefault(origin, []).append((row.stage, row.name))
    return [
        Target(origin, _module_of(origin), wanted=tuple(offers) if wanted else ()) for origin, offers in found.items()
    ]


def _module_of(origin: Origin) -> str:
    """Return the module of an installed entry point."""
    points = entry_points(group=NAMESPACE, name=origin.entry_point)
    own = [point for point in points if point.dist is not None and point.dist.name == origin.distribution]
    return (own or list(points))[0].value


def _at(path: Path) -> list[Target]:
    """Return what a path holds: a project with entry points, a package, or a module."""
    here = path.resolve()
    project = here / "pyproject.toml"
    if project.is_file():
        return _of_project(project)
    if here.suffix == ".py" or (here / "__init__.py").is_file():
        return [Target(Origin(here.stem, str(path), "not installed"), here.stem, (here.parent,))]
    raise RequestError(
        f"{path}: holds no plugin\n  wanted: a folder with pyproject.toml, a package with __init__.py, or a module.py"
    )


def _of_project(path: Path) -> list[Target]:
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise RequestError(f"{path}: cannot be read: {error}") from error
    points = project.get("entry-points", {}).get(NAMESPACE, {})
    if not points:
        advice = f'add to it:\n  [project.entry-points.{NAMESPACE}]\n  NAME = "MODULE"'
        raise RequestError(f"{path}: names no plugin\n  {advice}")
    name, version = str(project.get("name", path.parent.name)), str(project.get("version", ""))
    roots = tuple(root for root in (path.parent / "src", path.parent) if root.is_dir())
    return [Target(Origin(point, name, version), str(module), roots) for point, module in points.items()]
