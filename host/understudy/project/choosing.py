"""Which plugin does each stage of a project name, and are the settings right by that plugin's own model?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from understudy.errors import PluginFailedError
from understudy.plugins import Offer, Registry, blaming
from understudy_sdk import StageConfig

from .chosen import Chosen
from .places import Loc, Problem
from .raw import items_at, mapping_at
from .wording import did_you_mean, problems_of

__all__ = ["EXTRACT_STAGES", "Choices", "choose_stages"]

EXTRACT_STAGES = ("detector", "aligner", "masker")

Choices = dict[Loc, Chosen]
"""By the place of the stage: ``("facesets", "anna", "detector")``, ``("swaps", 0, "ranges", 1)``."""

Layer = tuple[Loc, Any]
"""A place that may state ``use`` and ``with``, and what stands there."""


def choose_stages(data: object, registry: Registry) -> tuple[Choices, list[Problem]]:
    """Look up and validate the choice of every stage in a project's data, whatever else is wrong with it."""
    chooser = _Chooser(registry)
    defaults = mapping_at(data, "extract")
    for stage in EXTRACT_STAGES:
        if isinstance(defaults.get(stage), dict) and "use" in defaults[stage]:
            chooser.choose(stage, ("extract", stage), [(("extract", stage), defaults[stage])])
    for name, faceset in mapping_at(data, "facesets").items():
        own = mapping_at(faceset, "extract")
        for stage in EXTRACT_STAGES:
            layers = [
                (("extract", stage), defaults.get(stage)),
                (("facesets", name, "extract", stage), own.get(stage)),
            ]
            if not chooser.choose(stage, ("facesets", name, stage), layers):
                chooser.miss(stage)
    for index, swap in enumerate(items_at(data, "swaps")):
        here = ("swaps", index)
        merger = ((*here, "merger"), mapping_at(swap, "merger"))
        chooser.choose("model", (*here, "model"), [((*here, "model"), mapping_at(swap, "model"))])
        chooser.check_iterations((*here, "model"), mapping_at(swap, "model"))
        chooser.choose("merger", (*here, "merger"), [merger])
        for number, part in enumerate(items_at(swap, "ranges")):
            at = (*here, "ranges", number)
            chooser.choose("merger", at, [merger, ((*at, "merger"), mapping_at(part, "merger"))])
    return chooser.choices, chooser.problems


class _Chooser:
    """Makes choices and keeps what is wrong with them."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.choices: Choices = {}
        self.problems: list[Problem] = []

    def choose(self, stage: str, key: Loc, layers: Sequence[Layer]) -> bool:
        """Lay the layers over each other and validate the result; tell whether a plugin was named.

        A layer that names another plugin starts afresh; any other replaces single settings.
        """
        use: str | None = None
        use_loc: Loc = ()
        settings: dict[str, tuple[Loc, Any]] = {}
        for loc, node in layers:
            if node is None:
                continue
            named, given = (node.get("use"), node.get("with", {})) if isinstance(node, dict) else (node, None)
            if not isinstance(given, dict) or not (named is None or isinstance(named, str)):
                return True  # of the wrong shape, which the first pass reports
            if named is not None:
                settings = settings if named == use else {}
                use, use_loc = named, (*loc, "use")
            settings |= {str(name): ((*loc, "with", str(name)), value) for name, value in given.items()}
        if use is None:
            return False
        offer = self.registry.offers(stage).get(use)
        if offer is None:
            self.problems.append(Problem(use_loc, unknown_plugin(self.registry, stage, use)))
        else:
            self._validate(key, offer, (*use_loc[:-1], "with"), settings)
        return True

    def miss(self, stage: str) -> None:
        """Note that neither a faceset nor the project's defaults name a plugin for a stage."""
        offered = ", ".join(self.registry.offers(stage)) or "none"
        self.problems.append(Problem(("extract", stage, "use"), f"is missing; offered: {offered}"))

    def check_iterations(self, loc: Loc, node: dict[str, Any]) -> None:
        """Note iterations that would train nothing, because the model does not learn."""
        offer = self.registry.offers("model").get(str(node.get("use")))
        if offer is not None and not offer.spec.learns and node.get("iterations"):
            text = f"{offer.spec.name!r} needs no training; drop this key"
            self.problems.append(Problem((*loc, "iterations"), text))

    def _validate(self, key: Loc, offer: Offer, home: Loc, settings: dict[str, tuple[Loc, Any]]) -> None:
        values = {name: value for name, (_, value) in settings.items()}
        try:
            with blaming(offer, "checking its settings"):
                config, faults = _validated(offer.spec.config, values)
        except PluginFailedError as error:
            self.problems.append(Problem(home, str(error).splitlines()[0]))
            return
        for problem in faults:
            first = str(problem.loc[0]) if problem.loc else ""
            loc = (*settings[first][0], *problem.loc[1:]) if first in settings else (*home, *problem.loc)
            self.problems.append(Problem(loc, problem.text, problem.at_key))
        if config is not None:
            self.choices[key] = Chosen(offer.stage, offer, config)


def _validated(model: type[StageConfig], values: dict[str, Any]) -> tuple[StageConfig | None, list[Problem]]:
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, problems_of(error, model)


def unknown_plugin(registry: Registry, stage: str, name: str) -> str:
    """Say in one line that nobody offers a plugin: the nearest name, and why one of that name is not there."""
    offered = registry.offers(stage)
    hint = did_you_mean(name, offered) or f" Offered: {', '.join(offered) or 'none'}."
    for row in registry.rows:
        if row.status != "ok" and row.stage in {stage, ""} and name in {row.name, row.entry_point}:
            hint += f" The plugin {row.entry_point!r} of {row.distribution} is listed as {row.status}: {row.reason}"
    return " ".join(f"no {stage} is called {name!r}.{hint}".split())
