"""Which settings are to be tried beside each other?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from understudy.api import load
from understudy.errors import RequestError
from understudy.project import LoadedProject

__all__ = ["Variant", "variants_of"]

_MOST: Final = 24
"""Variants at a time: more are no longer seen beside each other."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of settings: in words, such as ``mask_blur_px=8``, and the project with it."""

    words: str
    project: LoadedProject


def variants_of(path: Path, texts: Sequence[str], overrides: Sequence[str] = ()) -> list[Variant]:
    """Return a variant for each combination of values; without texts, the project as it stands alone.

    Args:
        path: The project file.
        texts: Such as ``merger.with.mask_blur_px=8,16,24``: a key and its values. ``swaps.0.merger...`` is about one
            swap, ``merger...``, or any other key of a swap, about all of them.
        overrides: Values that are changed for all variants, as ``--set`` takes them.

    Raises:
        RequestError: A text has no key or no value, or there are too many combinations.
        ProjectError: A value does not fit its setting.
    """
    if not texts:
        return [Variant("", load(path, list(overrides)))]
    choices = [_choices(text) for text in texts]
    combinations = list(product(*choices))
    if len(combinations) > _MOST:
        raise RequestError(f"--variants asks for {len(combinations)} combinations; at most {_MOST} can be compared")
    count = len(load(path, list(overrides)).swaps)
    return [_variant(path, combination, overrides, count) for combination in combinations]


def _choices(text: str) -> list[tuple[str, str]]:
    key, _, values = text.partition("=")
    found = [value.strip() for value in _parted(values) if value.strip()]
    if not key.strip() or not found:
        raise RequestError(f"--variants {text}: write a key and its values, such as merger.with.mask_blur_px=8,16,24")
    return [(key.strip(), value) for value in found]


def _parted(values: str) -> list[str]:
    """Part values at commas, but not within brackets: ``rct,lct`` are two, ``[1,2],{use: a, with: {}}`` as well."""
    parts, depth = [""], 0
    for letter in values:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _variant(path: Path, combination: Sequence[tuple[str, str]], overrides: Sequence[str], count: int) -> Variant:
    changes = [change for key, value in combination for change in _changes(key, value, count)]
    words = ", ".join(f"{key.removeprefix('merger.').removeprefix('with.')}={value}" for key, value in combination)
    return Variant(words, load(path, [*overrides, *changes]))


def _changes(key: str, value: str, count: int) -> list[str]:
    keys = [key] if key.startswith("swaps.") else [f"swaps.{number}.{key}" for number in range(count)]
    return [f"{one}={value}" for one in keys]
