"""How does ``--set swaps.0.merger.with.mask_erode_px=8`` change a project for one run?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ruamel.yaml
from ruamel.yaml.error import YAMLError

from .places import Document, Loc

__all__ = ["Override", "apply_overrides"]


Override = str | tuple[str, Any]
"""``KEY=VALUE``, or a key and the value itself."""


class _WrongKeyError(Exception):
    """An override whose key leads nowhere."""


def apply_overrides(document: Document, overrides: Iterable[Override]) -> list[str]:
    """Write overrides into a document's data; return a line for each that cannot be.

    A key is names and list positions joined by dots; a value given as text is read as YAML, so ``8`` is a number and
    ``[a, b]`` a list. Mappings on the way are made where there are none; list items are not.
    """
    problems = []
    for override in overrides:
        key, given = _parted(override)
        if not all(key.split(".")):
            problems.append(f"--set {override}: must look like KEY=VALUE, such as output.video.crf=20")
            continue
        try:
            document.override(_write(document.data, key.split("."), given()), key)
        except YAMLError as error:
            text = override[len(key) + 1 :]
            problems.append(f"--set {key}: {text!r} is not a YAML value: {' '.join(str(error).split())}")
        except _WrongKeyError as error:
            problems.append(f"--set {key}: {error}")
    return problems


def _parted(override: Override) -> tuple[str, Callable[[], Any]]:
    """Return the key of an override, empty where it has none, and what gives its value."""
    if not isinstance(override, str):
        return override[0], lambda: override[1]
    key, equals, text = override.partition("=")
    return key if equals else "", lambda: ruamel.yaml.YAML(typ="safe", pure=True).load(text)


def _write(data: Any, steps: list[str], value: Any) -> Loc:
    """Put a value where the steps lead; return the way there."""
    loc: Loc = ()
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        where = ".".join(map(str, loc)) or "the project"
        if isinstance(data, list):
            index = _position(data, step, where)
            loc = (*loc, index)
            if is_last:
                data[index] = value
            data = data[index]
        elif isinstance(data, dict):
            loc = (*loc, step)
            if is_last:
                data[step] = value
            elif data.get(step) is None:
                data[step] = {}
            data = data[step]
        else:
            raise _WrongKeyError(f"{where} is {data!r}, which holds no {step!r}")
    return loc


def _position(items: list[Any], step: str, where: str) -> int:
    if not step.isdecimal() or int(step) >= len(items):
        have = f"positions 0 to {len(items) - 1}" if items else "no items"
        raise _WrongKeyError(f"{where} is a list with {have}, so it has no {step!r}")
    return int(step)
