"""Which keys may stand in a project file, what holds without them, and what do they mean?"""

from __future__ import annotations

from typing import Any, Final

from understudy.project.form import DETECT_EVERY_WITH_FOLLOWING, EXTRACT_DEFAULTS, ProjectForm

from .tables import inside, kind_of, meaning_of, shown, table

__all__ = ["project_keys"]

EVERY: Final = f"{DETECT_EVERY_WITH_FOLLOWING}, or 1 where the aligner does not follow"
USUAL: Final[dict[str, dict[str, Any]]] = {"ExtractForm": {**EXTRACT_DEFAULTS, "detect_every": EVERY}}


def project_keys() -> str:
    """Return a section for every mapping of the project file, the file itself first, with a table of its keys."""
    schema = ProjectForm.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    places: dict[str, list[str]] = {}
    sections = [_section("The file itself", "", schema, "ProjectForm", definitions)]
    _find_places(schema, "", definitions, places)
    for name, where in places.items():
        sections.append(
            _section(_title(name), ", ".join(f"`{place}`" for place in where), definitions[name], name, definitions)
        )
    return "\n\n".join(sections)


def _section(title: str, places: str, form: dict[str, Any], name: str, definitions: dict[str, Any]) -> str:
    needed = form.get("required", [])
    rows = [
        (f"`{key}`", _value(facts, definitions), "needed" if key in needed else _usual(name, key, facts),
         meaning_of(facts, definitions))
        for key, facts in form.get("properties", {}).items()
    ]  # fmt: skip
    about = str(form.get("description", "")).partition("\n")[0].replace("``", "`")
    parts = [f"## {title}", f"{about} At {places}." if places else about]
    return "\n\n".join([*parts, table(("key", "value", "usual", "meaning"), rows)])


def _usual(form: str, key: str, facts: dict[str, Any]) -> str:
    value = USUAL.get(form, {}).get(key, facts.get("default"))
    return "-" if value in ({}, []) or isinstance(value, dict) else shown(value)


def _value(facts: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say what a value may be, with a link to the section of the mapping that it is."""
    if "anyOf" in facts and any(_form_in(one, definitions) for one in facts["anyOf"]):
        return " or ".join(_value(one, definitions) for one in facts["anyOf"] if one.get("type") != "null")
    if (name := _form_in(facts, definitions)) is not None:
        link = f"[{_title(name)}](#{_title(name).lower().replace(' ', '-')})"
        if facts.get("type") == "array":
            return f"list of {link}"
        return f"a name, then {link}" if facts.get("type") == "object" else link
    if facts.get("type") == "object" and (held := inside(facts)):
        return f"a name, then {kind_of(held[0], definitions)}"
    return kind_of(facts, definitions)


def _find_places(form: dict[str, Any], at: str, definitions: dict[str, Any], places: dict[str, list[str]]) -> None:
    """Note where each mapping may stand, in the order of the file."""
    below = []
    for key, facts in form.get("properties", {}).items():
        for one in (facts, *facts.get("anyOf", [])):
            name = _form_in(one, definitions)
            if name is None:
                continue
            inner = {"array": f"{at}{key}.N", "object": f"{at}{key}.NAME"}.get(one.get("type", ""), f"{at}{key}")
            if name not in places:
                below.append((definitions[name], inner))
            places.setdefault(name, []).append(inner)
    for inner_form, inner in below:
        _find_places(inner_form, f"{inner}.", definitions, places)


def _form_in(facts: dict[str, Any], definitions: dict[str, Any]) -> str | None:
    """Return the name of the form that a value is, or is made of."""
    refs = [one["$ref"].rpartition("/")[2] for one in (facts, *inside(facts)) if "$ref" in one]
    return next((name for name in refs if definitions[name].get("type") == "object"), None)


def _title(form: str) -> str:
    """Return a form's heading: ``StageLayer`` is 'Stage layer'."""
    words = "".join(
        f" {letter.lower()}" if letter.isupper() else letter for letter in form.removesuffix("Form")
    ).strip()
    return words.capitalize()
