"""What is told of a plugin: settings with their limits, weights and licences, and whether paid work is allowed?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Literal

from understudy_sdk import StageConfig
from understudy_sdk.stages import CHANGEABLE, INPUT_PATH

from .plugins import Offer, PluginRow, Registry

__all__ = ["SettingFacts", "facts_of", "paid_work", "paid_work_of", "row_facts", "settings_of"]

PaidWork = Literal["yes", "no", "some settings"]

_SIGNS: Final = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "multipleOf": "multiple of",
    "minLength": "length >=",
    "maxLength": "length <=",
    "minItems": "items >=",
    "maxItems": "items <=",
    "pattern": "like",
}


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """A setting of a plugin.

    Attributes:
        name: What stands under ``with``.
        kind: What its value may be, with its limits, in words.
        usual: What holds unless stated, in words; empty where it must be stated.
        meaning: Its description, and whether it may change on the way or names files.
    """

    name: str
    kind: str
    usual: str
    meaning: str


def settings_of(config: type[StageConfig]) -> list[SettingFacts]:
    """Return a plugin's settings, in its own order."""
    schema = config.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    return [
        SettingFacts(name, _kind(facts, definitions), _usual(facts), _meaning(facts))
        for name, facts in schema.get("properties", {}).items()
    ]


def paid_work(offer: Offer) -> PaidWork:
    """Tell whether an offer may be used in paid work; with some settings alone, where only others need weights."""
    spec = offer.spec
    if not spec.commercial:
        return "no"
    barred = {weight.name for weight in spec.weights if not weight.commercial}
    if not barred:
        return "yes"
    return "no" if spec.weights_for is None else "some settings"


def paid_work_of(row: PluginRow, registry: Registry) -> PaidWork | None:
    """Tell it of a row of the list; None where nothing is offered."""
    offers = registry.named(row.stage, row.name) if row.stage else ()
    found = [offer for offer in offers if offer.origin.entry_point == row.entry_point]
    return paid_work(found[0]) if found else None


def row_facts(row: PluginRow, registry: Registry) -> dict[str, Any]:
    """Return a row of the list as JSON values."""
    return {**dataclasses.asdict(row), "paid_work": paid_work_of(row, registry)}


def facts_of(offer: Offer) -> dict[str, Any]:
    """Return all that is told of an offer, as JSON values."""
    spec = offer.spec
    return {
        "stage": offer.stage,
        "name": spec.name,
        "summary": spec.summary,
        **dataclasses.asdict(offer.origin),
        "revision": spec.revision,
        "api_version": spec.api_version,
        "paid_work": paid_work(offer),
        "commercial": spec.commercial,
        "learns": spec.learns,
        "settings": spec.config.model_json_schema(by_alias=True),
        "weights": [
            {**dataclasses.asdict(weight), "sources": [str(source) for source in weight.sources]}
            for weight in spec.weights
        ],
    }


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
    kind = str(facts.get("type", "any"))
    if kind == "array" and isinstance(facts.get("items"), dict):
        kind = f"list of {_kind(facts['items'], definitions)}"
    limits = ", ".join(f"{sign} {_number(facts[key])}" for key, sign in _SIGNS.items() if key in facts)
    return f"{kind} ({limits})" if limits else kind


def _usual(facts: dict[str, Any]) -> str:
    return "" if "default" not in facts else "empty" if facts["default"] == "" else str(facts["default"])


def _meaning(facts: dict[str, Any]) -> str:
    parts = [str(facts.get("description", "")).strip()]
    parts += ["May change without starting training again."] if CHANGEABLE.items() <= facts.items() else []
    parts += ["A file or folder, relative to the project."] if INPUT_PATH.items() <= facts.items() else []
    return " ".join(part for part in parts if part)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
