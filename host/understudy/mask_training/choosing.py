"""Which masker, with which settings, do words on the command line mean?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ruamel.yaml
from ruamel.yaml.error import YAMLError

from understudy.errors import RequestError, UnknownPluginError
from understudy.plugins import Registry
from understudy.project import Chosen
from understudy.project.choosing import choose_stages
from understudy.project.chosen import expanded, marked_fields
from understudy.store import read_json
from understudy_sdk import INPUT_PATH, StageConfig

__all__ = ["RECIPE_NAME", "choose_masker"]

RECIPE_NAME: Final = "masker.json"
"""In the folder of a masker's training: the masker, and the settings that it learns with."""


def choose_masker(registry: Registry, name: str, settings: Sequence[str] = (), *, learns: bool = False) -> Chosen:
    """Return a masker with its settings checked.

    Args:
        registry: The plugins there are.
        name: Of the masker.
        settings: ``KEY=VALUE`` texts; values are read as YAML, and paths start in the current folder. Where one names
            what was trained here, the settings of that training hold unless others are given.
        learns: Whether it has to be one that learns.

    Raises:
        UnknownPluginError: Nobody offers it.
        RequestError: A setting is not one of its, or has a wrong value; or it does not learn and should.
    """
    offers = registry.offers("masker")
    if name not in offers:
        raise UnknownPluginError("masker", name, offers)
    if learns and not offers[name].spec.learns:
        others = ", ".join(sorted(other for other, offer in offers.items() if offer.spec.learns)) or "none"
        raise RequestError(f"the masker {name!r} does not learn\n  these do: {others}")
    given = dict(_parsed(text) for text in settings)
    given = {**_trained_with(name, offers[name].spec.tiny, given), **given}
    data = {"extract": {"masker": {"use": name, "with": given}}}
    choices, problems = choose_stages(data, registry, Path.cwd())
    if problems:
        lines = [f"--set {'.'.join(map(str, problem.loc[3:]))}: {problem.text}" for problem in problems]
        raise RequestError("\n  ".join([f"the settings of the masker {name!r} are wrong", *lines]))
    return choices["extract", "masker"]


def _trained_with(name: str, config: StageConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the training whose folder, or a file or folder in it, one of the given ones names."""
    paths = marked_fields(config, INPUT_PATH)
    for key in paths:
        if isinstance(given.get(key), str) and given[key]:
            place = expanded(given[key])
            for folder in (place, place.parent):
                kept = read_json(folder / RECIPE_NAME)
                if isinstance(kept, dict) and kept.get("name") == name:
                    return {other: value for other, value in kept["settings"].items() if other not in paths}
    return {}


def _parsed(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise RequestError(f"--set {text}: must look like KEY=VALUE, such as batch_size=8")
    try:
        return key, ruamel.yaml.YAML(typ="safe", pure=True).load(value)
    except YAMLError as error:
        raise RequestError(f"--set {key}: {value!r} is not a YAML value: {' '.join(str(error).split())}") from error
