"""What does an editor need to know to complete and check a project file while it is written?"""

from __future__ import annotations

from typing import Any

from understudy.plugins import Offer, Registry
from understudy_sdk import DECIDES_SWAP

from .chosen import marked_fields
from .form import ProjectForm

__all__ = ["project_schema"]

_REF = "#/$defs/{model}"


def project_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON schema of a project file; each stage's ``with`` is typed by the plugin that ``use`` names.

    Args:
        registry: The plugins that a project may choose from.
    """
    schema = ProjectForm.model_json_schema(by_alias=True, ref_template=_REF)
    definitions: dict[str, Any] = schema["$defs"]
    for stage in ("detector", "aligner", "recognizer"):
        _type_stage(definitions, registry, stage, "StageLayer", "ExtractForm", stage)
    _type_stage(definitions, registry, "masker", "StageForm", "MaskerLayer", "one", name="masker_of_several")
    definitions["MaskerLayer"]["properties"].pop("one")
    definitions["MaskerLayer"]["properties"]["of"]["items"] = {"$ref": "#/$defs/masker_of_several"}
    _type_stage(definitions, registry, "masker", "MaskerLayer", "ExtractForm", "masker")
    _type_stage(definitions, registry, "model", "ModelForm", "SwapForm", "model")
    _type_stage(definitions, registry, "masker", "StageForm", "SwapForm", "mask_swaps", name="masker_of_swaps")
    _type_stage(definitions, registry, "enhancer", "StageForm", "SwapForm", "enhancer")
    _type_stage(definitions, registry, "merger", "StageForm", "SwapForm", "merger")
    _type_stage(definitions, registry, "merger", "StageLayer", "RangeForm", "merger", name="merger_of_range")
    _type_keyframes(definitions, registry)
    for unused in ("StageLayer", "StageForm", "ModelForm", "MaskerLayer"):
        definitions.pop(unused, None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _type_stage(
    definitions: dict[str, Any], registry: Registry, stage: str, base: str, holder: str, key: str, *, name: str = ""
) -> None:
    """Put a definition of a stage's choice in the place of the general one that a form holds."""
    offers = registry.every(stage)
    general = definitions[base]
    properties = general["properties"]
    use = _one_of(properties["use"], {offer.spec.name for offer in offers})
    by = _one_of(properties["from"], {offer.origin.distribution for offer in offers})
    choice = {**general, "properties": {**properties, "use": use, "from": by}, "title": f"A {stage}"}
    choice["description"] = f"Which {stage} works, and its settings."
    choice["allOf"] = [
        {
            "if": _names(offer, registry),
            "then": {"properties": {"with": _settings(definitions, registry, offer)}},
        }
        for offer in offers
    ]
    name = name or stage
    definitions[name] = choice
    definitions[holder]["properties"][key] = {"$ref": f"#/$defs/{name}"}


def _one_of(text: dict[str, Any], words: set[str]) -> dict[str, Any]:
    """Return the schema of a text that is one of some words."""
    return {key: value for key, value in text.items() if key not in {"anyOf", "default"}} | {"enum": sorted(words)}


def _names(offer: Offer, registry: Registry) -> dict[str, Any]:
    """Return the schema of a choice that names an offer; one of several of its name by its distribution too."""
    properties = {"use": {"const": offer.spec.name}}
    if _is_twin(offer, registry):
        properties["from"] = {"const": offer.origin.distribution}
    return {"properties": properties, "required": [*properties]}


def _is_twin(offer: Offer, registry: Registry) -> bool:
    return len(registry.named(offer.stage, offer.spec.name)) > 1


def _type_keyframes(definitions: dict[str, Any], registry: Registry) -> None:
    """Type what keyframes say by the plugin that they are about: of mergers the range's own where it names one."""
    swaps, ranges = definitions["SwapForm"], definitions["RangeForm"]
    swaps["allOf"], ranges["allOf"] = [], []
    is_the_swaps = {"properties": {"merger": {"not": {"required": ["use"]}}}}
    for offer in registry.every("merger"):
        values = {"items": {"properties": {"merger": _settings(definitions, registry, offer)}}}
        is_it = {"properties": {"merger": _names(offer, registry)}, "required": ["merger"]}
        keyed = {"properties": {"keyframes": values}}
        below = {"properties": {"ranges": {"items": {"if": is_the_swaps, "then": keyed}}}}
        swaps["allOf"].append({"if": is_it, "then": {"allOf": [keyed, below]}})
        ranges["allOf"].append({"if": is_it, "then": keyed})
    for offer in registry.every("model"):
        names = marked_fields(offer.spec.tiny, DECIDES_SWAP)
        of_model: dict[str, Any] = {"propertyNames": {"enum": names}, **_settings(definitions, registry, offer)}
        is_it = {"properties": {"model": _names(offer, registry)}, "required": ["model"]}
        values = {"items": {"properties": {"model": of_model}}}
        swaps["allOf"].append({"if": is_it, "then": {"properties": {"keyframes": values}}})


def _settings(definitions: dict[str, Any], registry: Registry, offer: Offer) -> dict[str, str]:
    """Add the schema of a plugin's settings, and return the reference to it.

    Nothing in it is required: part of the settings may come from the layer below.
    """
    prefix = f"{offer.stage}.{offer.spec.name}"
    prefix += f".{offer.origin.distribution}" if _is_twin(offer, registry) else ""
    schema = offer.spec.config.model_json_schema(by_alias=True, ref_template=f"#/$defs/{prefix}.{{model}}")
    for inner, definition in schema.pop("$defs", {}).items():
        definitions[f"{prefix}.{inner}"] = definition
    schema.pop("required", None)
    definitions[prefix] = schema
    return {"$ref": f"#/$defs/{prefix}"}
