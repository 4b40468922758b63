"""What may a new plugin be called, and what are its package, its module and its classes called then?"""

from __future__ import annotations

import difflib
import importlib.util
import keyword
import re
from dataclasses import dataclass

from understudy.errors import RequestError
from understudy.plugins import STAGES, Registry

__all__ = ["Names", "names_of", "require_stage"]

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Names:
    """What everything of a new plugin is called.

    Attributes:
        plugin: What a project writes after ``use:``, and the entry point's name.
        stage: What it plays.
    """

    plugin: str
    stage: str

    @property
    def distribution(self) -> str:
        """What pip calls the package."""
        return f"understudy-{self.plugin.replace('_', '-')}"

    @property
    def module(self) -> str:
        """What Python imports."""
        return f"understudy_{self.plugin}"

    @property
    def class_stem(self) -> str:
        """What the names of its classes begin with."""
        return "".join(word.capitalize() for word in self.plugin.split("_"))


def require_stage(stage: str) -> None:
    """Check a stage's name.

    Raises:
        RequestError: There is no such stage.
    """
    if stage not in STAGES:
        near = difflib.get_close_matches(stage, STAGES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RequestError(f"there is no stage {stage!r}.{hint}\n  the stages are: {', '.join(STAGES)}")


def names_of(plugin: str, stage: str, registry: Registry) -> Names:
    """Return the names of a new plugin.

    Raises:
        RequestError: There is no such stage, the name is not one, or somebody has it already.
    """
    require_stage(stage)
    _require_name(plugin, stage)
    names = Names(plugin, stage)
    for row in registry.rows:
        if plugin in {row.name, row.entry_point}:
            what = f"the {row.stage} {row.name!r}" if row.stage else f"the plugin {row.entry_point!r}"
            hint = f"choose another, such as 'my_{plugin}' or '{plugin}_2'"
            raise RequestError(f"the name {plugin!r} is taken by {what} of {row.distribution}\n  {hint}")
    if importlib.util.find_spec(names.module) is not None:
        raise RequestError(f"a module {names.module!r} is installed already\n  choose another name, or uninstall it")
    return names


def _require_name(plugin: str, stage: str) -> None:
    if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", plugin) and not keyword.iskeyword(plugin):
        if len(plugin) > _LONGEST:
            raise RequestError(f"the name {plugin!r} is {len(plugin)} characters long; {_LONGEST} are the most")
        return
    wanted = "snake_case: lower-case letters, digits and single underscores, a letter first"
    raise RequestError(f"{plugin!r} cannot be a plugin's name; wanted is {wanted}\n  such as {_tamed(plugin, stage)!r}")


def _tamed(plugin: str, stage: str) -> str:
    """Return the nearest name that may be one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plugin).lower()
    words = re.sub(r"[^a-z0-9]+", "_", parted.removeprefix("understudy")).strip("_").lstrip("0123456789_")
    return f"my_{words or stage}" if not words or keyword.iskeyword(words) else words[:_LONGEST].rstrip("_")
