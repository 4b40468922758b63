"""How does a form, such as a plugin's settings, become a table?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

__all__ = ["form_table", "inside", "kind_of", "meaning_of", "shown", "table"]


def form_table(form: type[BaseModel], defaults: dict[str, Any], meanings: dict[str, str] | None = None) -> str:
    """Return a form's keys as a table; what is usual and what is meant may be said from outside."""
    schema = form.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    rows = [
        (f"`{name}`", kind_of(facts, definitions), shown(defaults.get(name, facts.get("default"))),
         (meanings or {}).get(name) or meaning_of(facts, definitions))
        for name, facts in schema.get("properties", {}).items()
    ]  # fmt: skip
    return table(("setting", "value", "usual", "meaning"), rows) if rows else "It has no settings."


def meaning_of(facts: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return what a key means, from its own description or from that of the form it holds."""
    choices = [facts, *facts.get("anyOf", []), *inside(facts)]
    inner = [definitions[one["$ref"].rpartition("/")[2]] for one in choices if "$ref" in one]
    found = next((one["description"] for one in [*choices, *inner] if "description" in one), "")
    later = " May be changed without starting training again." if facts.get("changeable") else ""
    return str(found).partition("\n")[0].replace("``", "`") + later


def inside(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of what a list or a mapping with free keys holds."""
    named = [facts.get("items"), facts.get("additionalProperties"), *facts.get("patternProperties", {}).values()]
    return [one for one in named if isinstance(one, dict)]


def kind_of(facts: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say what a value may be, from its JSON schema."""
    if "$ref" in facts:
        found = definitions[facts["$ref"].rpartition("/")[2]]
        return "a stage" if found.get("type") == "object" else kind_of(found, definitions)
    if "const" in facts:
        return f"`{facts['const']}`"
    if "enum" in facts:
        return ", ".join(f"`{choice}`" for choice in facts["enum"])
    if "anyOf" in facts:
        return " or ".join(kind_of(one, definitions) for one in facts["anyOf"] if one.get("type") != "null")
    if facts.get("type") == "array":
        return f"list of {kind_of(facts.get('items', {}), definitions)}"
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    limits = " ".join(f"{word} {facts[key]:g}" for key, word in words.items() if key in facts)
    kind = {"object": "mapping", "boolean": "true or false", "string": "text"}.get(
        facts.get("type", ""), facts.get("type", "any")
    )
    return f"{kind}, {limits}" if limits else str(kind)


def shown(value: Any) -> str:
    """Write what is usual."""
    if value is None:
        return "-"
    if value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return rows as a table of Markdown."""
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
