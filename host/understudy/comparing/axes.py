"""What is compared: which plugins and settings, stage by stage, and which combinations do they make?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from understudy.errors import ProjectError, RequestError
from understudy.project.places import Document
from understudy.project.stage_form import Form, StageForm
from understudy.project.wording import problems_of

__all__ = ["AXES", "MOST", "Combination", "Entry", "axes_of", "combinations_of"]

AXES: Final = ("detector", "aligner", "masker", "model", "merger")
"""The stages that can be compared, in the order of work: what comes first is shared by all that comes after."""

MOST: Final = 48
"""Combinations at most: more cannot be looked at side by side."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One choice for a stage.

    Attributes:
        axis: The stage.
        label: What it is called in the report.
        choice: As a project writes it: ``use``, ``with`` and ``from``, or ``join`` and ``of``.
        iterations: How long a model learns; None is as long as is asked of all.
    """

    axis: str
    label: str
    choice: Mapping[str, Any]
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """One entry for each stage that is compared."""

    entries: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """What it is called: the labels of its entries."""
        return " / ".join(entry.label for entry in self.entries)

    def part(self, *axes: str) -> tuple[tuple[str, str], ...]:
        """Return what names its share of some stages: each stage with its entry's label."""
        return tuple((entry.axis, entry.label) for entry in self.entries if entry.axis in axes)


def axes_of(lists: Mapping[str, Sequence[str]], matrix: Path | None = None) -> dict[str, tuple[Entry, ...]]:
    """Return the entries of each stage that is compared, in the order of work.

    Args:
        lists: Names of plugins by stage.
        matrix: A YAML file that says the same, with settings and labels.

    Raises:
        RequestError: Nothing is to be compared, a stage is given twice, or two entries have one label.
        ProjectError: With every problem of the file, each with its place.
    """
    found = {axis: [_EntryForm(use=name) for name in names] for axis, names in lists.items() if names}
    for axis, forms in (_read(matrix) if matrix else {}).items():
        if axis in found:
            raise RequestError(f"{axis}s are given by --{axis} and in {matrix}\n  give them in one of the two")
        found[axis] = forms
    if not found:
        choices = ", ".join(f"--{axis} a,b" for axis in AXES)
        raise RequestError(
            f"nothing is to be compared\n  name some plugins: {choices}, or a file: --matrix compare.yaml"
        )
    return {axis: _entries(axis, found[axis]) for axis in AXES if axis in found}


def combinations_of(axes: Mapping[str, Sequence[Entry]]) -> list[Combination]:
    """Return every combination, those that share most of their work next to each other.

    Raises:
        RequestError: There are too many to look at.
    """
    found = [Combination(entries) for entries in product(*axes.values())]
    if len(found) > MOST:
        raise RequestError(
            f"these are {len(found)} combinations, and at most {MOST} fit one report\n  compare fewer at once"
        )
    return found


class _EntryForm(StageForm):
    """An entry of a matrix file."""

    use: str = ""
    label: Annotated[str | None, Field(min_length=1, max_length=60)] = None
    iterations: Annotated[int | None, Field(ge=1)] = None
    join: str | None = None
    of: tuple[StageForm, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.use) == bool(self.of):
            raise ValueError("needs use: with the name of a plugin, or of: with several maskers")
        return self

    def choice(self) -> dict[str, Any]:
        """Return what a project writes."""
        return self.model_dump(by_alias=True, include={"use", "origin", "settings", "join", "of"}, exclude_unset=True)

    def usual_label(self) -> str:
        """Return a label made of names and settings."""
        names = self.use or " + ".join(one.use for one in self.of)
        return " ".join([names, *(f"{key}={value}" for key, value in self.settings.items())])


def _written(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


_Entries = Annotated[tuple[Annotated[_EntryForm, BeforeValidator(_written)], ...], Field(min_length=1)]


class _MatrixForm(Form):
    """A matrix file: a list of entries for each stage that is compared."""

    detector: _Entries | None = None
    aligner: _Entries | None = None
    masker: _Entries | None = None
    model: _Entries | None = None
    merger: _Entries | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for axis in AXES:
            for number, entry in enumerate(getattr(self, axis) or ()):
                if entry.iterations and axis != "model":
                    raise ValueError(f"{axis}.{number} has iterations:, but only a model learns here")
                if entry.of and axis != "masker":
                    raise ValueError(f"{axis}.{number} has of:, but only maskers are joined")
        return self


def _read(path: Path) -> dict[str, list[_EntryForm]]:
    try:
        document = Document(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise RequestError(f"the matrix {path} cannot be read: {why}") from error
    try:
        form = _MatrixForm.model_validate(document.data or {})
    except ValidationError as error:
        problems = [*document.problems, *problems_of(error, _MatrixForm)]
        raise ProjectError(path, document.report(problems)) from error
    return {axis: list(entries) for axis in AXES if (entries := getattr(form, axis))}


def _entries(axis: str, forms: Sequence[_EntryForm]) -> tuple[Entry, ...]:
    entries = [Entry(axis, form.label or form.usual_label(), form.choice(), form.iterations) for form in forms]
    count = Counter(entry.label for entry in entries)
    double = next((label for label, times in count.items() if times > 1), None)
    if double:
        raise RequestError(f"two {axis}s are called {double!r}\n  give each a label: of its own, or leave one out")
    return tuple(entries)
