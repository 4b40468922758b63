"""What does the package give a program: its functions, events, values and errors?"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, get_args

import understudy

from .tables import table

__all__ = ["names_table"]


def names_table(kind: str) -> str:
    """Return the public names of a kind (``functions``, ``events``, ``values``, ``errors``) with what they are."""
    head, rows = {"functions": "function", "events": "event", "values": "class", "errors": "raised"}[kind], []
    for name in understudy.__all__:
        value = getattr(understudy, name)
        if kind_of(value) == kind:
            shown = f"`{name}({_taken(value)})`" if kind == "functions" else f"`{name}`"
            holds = (_holds(value),) if kind == "events" else ()
            rows.append((shown, *holds, _summary(value)))
    return table((head, *(("holds",) if kind == "events" else ()), "what it is"), rows)


def kind_of(value: Any) -> str:
    """Return which table a public name belongs to; empty for the version and the sum of all events."""
    if inspect.isfunction(value):
        return "functions"
    if value in get_args(understudy.Event):
        return "events"
    if isinstance(value, type):
        return "errors" if issubclass(value, Exception) else "values"
    return ""


def _taken(function: Any) -> str:
    return ", ".join(inspect.signature(function).parameters)


def _holds(event: Any) -> str:
    return ", ".join(f"`{field.name}`" for field in dataclasses.fields(event))


def _summary(value: Any) -> str:
    first = inspect.cleandoc(value.__doc__).split("\n\n")[0]
    return re.sub(r"``", "`", " ".join(first.split()))
