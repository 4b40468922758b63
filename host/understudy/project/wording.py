"""How is a fault that pydantic found told to the person who wrote the file?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from .places import Loc, Problem

__all__ = ["did_you_mean", "problems_of"]

_MUST_BE: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "model_attributes_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "multiple_of": "a multiple of {multiple_of}",
    "string_type": "text",
    "tuple_type": "a list",
}
"""By pydantic's error type, with the limits that it states."""


def did_you_mean(word: object, known: Collection[str]) -> str:
    """Return a sentence with the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(word), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return one problem per fault, its place counted from the validated value."""
    problems = []
    for fault in error.errors(include_url=False):
        loc: Loc = tuple(fault["loc"])
        if fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"]:
            continue  # short only because its items are wrong, and those are faults of their own
        if fault["type"] == "extra_forbidden":
            hint = did_you_mean(loc[-1], _keys_at(model, loc[:-1]))
            problems.append(Problem(loc, f"unknown key.{hint}".removesuffix("."), at_key=True))
        elif loc and loc[-1] == "[key]":
            problems.append(Problem(loc[:-1], f"the name {fault['input']!r} {_NAME_RULE}", at_key=True))
        else:
            problems.append(Problem(loc, _words(fault["type"], fault)))
    return problems


_NAME_RULE: Final = "must be letters, digits, '-' and '_' only, and begin with a letter or a digit"


def _words(kind: str, fault: Mapping[str, Any]) -> str:
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in fault.get("ctx", {}).items()}
    value = fault["input"]
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(limits["error"])
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind].format(**limits)}, but is {_shown(value)}"
    if kind in {"literal_error", "enum"}:
        near = did_you_mean(value, re.findall(r"'([^']*)'", str(limits["expected"])))
        return f"must be {limits['expected']}, but is {_shown(value)}.{near}".removesuffix(".")
    if kind == "too_short":
        return "must not be empty"
    return f"{str(fault['msg']).replace('Input should', 'must')}, but is {_shown(value)}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return repr(value)


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that a mapping inside a model's value may hold."""
    kind: Any = model
    for step in loc:
        inner = _model_in(kind)
        if inner is not None and isinstance(step, str):
            fields = {field.alias or name: field.annotation for name, field in inner.model_fields.items()}
            kind = fields.get(step, kind)  # where a union is named on the way, the step is no key
    inner = _model_in(kind)
    return [field.alias or name for name, field in inner.model_fields.items()] if inner is not None else []


def _model_in(kind: Any) -> type[BaseModel] | None:
    """Return the model that an annotation such as ``tuple[Model, ...] | None`` is about."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((model for inner in get_args(kind) if (model := _model_in(inner)) is not None), None)
