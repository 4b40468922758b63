"""Where in a project file does each value stand?"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from understudy.errors import ProjectError

__all__ = ["Document", "Loc", "Problem"]

Loc = tuple[str | int, ...]
"""The way to a value from the top: ``("swaps", 0, "model")``."""

_DEEPEST = 40
_MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a project.

    Attributes:
        loc: The value it is about.
        text: What is wrong, without the place.
        at_key: Whether the key is at fault, not its value.
    """

    loc: Loc
    text: str
    at_key: bool = False


class Document:
    """A YAML file as plain values, with the place of each.

    Attributes:
        path: The file.
        data: Its content: dicts, lists, text, numbers. Overrides write here.
        problems: Faults of the writing itself.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Read YAML 1.2.

        Raises:
            ProjectError: It is not YAML, or a key occurs twice.
        """
        self.path = path
        self.problems: list[Problem] = []
        self._keys: dict[Loc, tuple[int, int]] = {}
        self._values: dict[Loc, tuple[int, int]] = {}
        self._overrides: dict[Loc, str] = {}
        self._count = 0
        self.data: Any = self._plain(self._parse(text), ())

    def override(self, loc: Loc, key: str) -> None:
        """Remember that a value, or the way to it, comes from ``--set key``."""
        self._overrides[loc] = key

    def report(self, problems: Iterable[Problem]) -> list[str]:
        """Return one line per problem, each once, in the order of the file; overrides come last."""
        places = {problem: self._place(problem) for problem in dict.fromkeys(problems)}
        lines = []
        for problem, place in sorted(places.items(), key=lambda item: (item[1] is None, item[1] or (0, 0))):
            dotted = ".".join(map(str, problem.loc))
            if place is None:
                key = self._overridden(problem.loc)
                within = f"{dotted}: " if dotted != key else ""
                lines.append(f"--set {key}: {within}{problem.text}")
            else:
                about = f"{dotted}: " if dotted else ""
                lines.append(f"{self.path}:{place[0] + 1}:{place[1] + 1}: {about}{problem.text}")
        return list(dict.fromkeys(lines))

    def _place(self, problem: Problem) -> tuple[int, int] | None:
        """Return line and column from 0 of the nearest value that was written, or None if an override made it."""
        if self._overridden(problem.loc) is not None:
            return None
        loc = problem.loc
        while loc:
            if loc in self._values:
                is_exact = loc == problem.loc and not problem.at_key
                return self._values[loc] if is_exact else self._keys.get(loc, self._values[loc])
            loc = loc[:-1]
        return 0, 0

    def _overridden(self, loc: Loc) -> str | None:
        for made, key in self._overrides.items():
            if loc[: len(made)] == made:
                return key
        if loc and loc not in self._values:  # a mapping on the way to an overridden value, which no file wrote
            return next((key for made, key in self._overrides.items() if made[: len(loc)] == loc), None)
        return None

    def _parse(self, text: str) -> Any:
        yaml = ruamel.yaml.YAML(typ="rt")
        yaml.allow_duplicate_keys = False
        try:
            return yaml.load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line, mark.column) if mark is not None else (0, 0)
            what = str(error.problem or error.context or "this is not YAML")
            raise ProjectError(self.path, [f"{self.path}:{line + 1}:{column + 1}: {what}"]) from error
        except YAMLError as error:
            raise ProjectError(self.path, [f"{self.path}:1:1: {' '.join(str(error).split())}"]) from error

    def _plain(self, node: Any, loc: Loc) -> Any:
        """Turn the loader's values into plain ones, and note their places on the way."""
        self._count += 1
        if len(loc) > _DEEPEST or self._count > _MOST_VALUES:
            raise ProjectError(self.path, [f"{self.path}:1:1: nested too deeply, or too large, to be a project"])
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag:
            self.problems.append(Problem(loc, f"the tag {tag} is not read here"))
        if isinstance(node, CommentedMap):
            return self._plain_mapping(node, loc)
        if isinstance(node, CommentedSeq):
            for index in range(len(node)):
                self._values[*loc, index] = node.lc.item(index)
            return [self._plain(item, (*loc, index)) for index, item in enumerate(node)]
        return _plain_scalar(node)

    def _plain_mapping(self, node: CommentedMap, loc: Loc) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, value in node.items():
            here = (*loc, str(key))
            if key in node.lc.data:  # a key merged in by << has no place of its own
                self._keys[here] = node.lc.key(key)
                self._values[here] = node.lc.value(key)
            if not isinstance(key, str):
                self.problems.append(Problem(here, f"a key must be text; write {str(key)!r} in quotes", at_key=True))
            plain[str(key)] = self._plain(value, here)
        return plain


def _plain_scalar(node: Any) -> Any:
    if isinstance(node, TaggedScalar):
        return str(node.value)
    if isinstance(node, datetime.date):
        return str(node)
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
