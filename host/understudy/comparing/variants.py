"""How does a combination change a project?

A variant is the project with some values overridden, so it shares the work folder, and with it every result that the
same stages and settings made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from understudy.plugins import Registry
from understudy.project import LoadedProject, load_project
from understudy.project.overrides import Override, apply_overrides
from understudy.project.places import Document

from .axes import Combination, Entry

__all__ = ["Variants"]

_OF_THE_MODEL: Final = ("iterations", "training")
"""What another model takes over from the project's own; settings, schedules and checkpoints are that one's alone."""


class Variants:
    """Gives the variants of one project."""

    def __init__(self, path: Path, registry: Registry, overrides: Sequence[Override], iterations: int | None) -> None:
        """Read the project, which was found right before.

        Args:
            path: The project file.
            registry: The plugins to choose from.
            overrides: What is changed in all of them.
            iterations: How long models learn; None is as long as the project says.
        """
        self._path, self._registry, self._overrides, self._iterations = path, registry, overrides, iterations
        document = Document(path, path.read_text(encoding="utf-8-sig"))
        apply_overrides(document, overrides)
        self._data: dict[str, Any] = document.data

    def variant(self, combination: Combination) -> LoadedProject:
        """Return the project with a combination's choices.

        Raises:
            ProjectError: It cannot work as it stands.
        """
        changes: list[Override] = [("output.label", "")]  # words over the picture would cover what is compared
        for entry in combination.entries:
            is_found = entry.axis in {"detector", "aligner", "masker"}
            changes += self._of_extraction(entry) if is_found else self._of_swaps(entry)
        if self._iterations and not combination.part("model"):
            for number, swap in enumerate(self._data.get("swaps") or ()):
                if self._learns(swap["model"]):
                    changes.append((f"swaps.{number}.model.iterations", self._iterations))
        return load_project(self._path, self._registry, [*self._overrides, *changes])

    def _of_extraction(self, entry: Entry) -> list[Override]:
        """Return the changes of every faceset that is cut from clips."""
        common = (self._data.get("extract") or {}).get(entry.axis)
        changes = list[Override]()
        for name, faceset in self._data["facesets"].items():
            if not faceset.get("faces"):
                own = (faceset.get("extract") or {}).get(entry.axis) or common
                changes.append((f"facesets.{name}.extract.{entry.axis}", _laid_over(own, entry.choice)))
        return changes

    def _of_swaps(self, entry: Entry) -> list[Override]:
        changes = list[Override]()
        for number, swap in enumerate(self._data.get("swaps") or ()):
            own = swap.get(entry.axis) or {}
            choice = _laid_over(own, entry.choice)
            is_own = own.get("use") == choice.get("use")
            if entry.axis == "model":
                kept = own if is_own else _OF_THE_MODEL if self._learns(choice) else ()
                choice = {key: own[key] for key in kept if key in own} | choice
                if entry.choice.get("with"):
                    choice.pop("use_step", None)  # it is a step of the project's own training
                steps = entry.iterations or self._iterations
                if steps and self._learns(choice):
                    choice["iterations"] = steps
            elif not is_own and swap.get("ranges"):
                changes.append((f"swaps.{number}.ranges", []))  # their settings are another merger's
            changes.append((f"swaps.{number}.{entry.axis}", choice))
        return changes

    def _learns(self, model: Mapping[str, Any]) -> bool:
        """Tell whether a model has to learn; one that nobody offers is told of when the variant is loaded."""
        offer = self._registry.offers("model").get(str(model.get("use")))
        return offer is not None and offer.spec.learns


def _laid_over(own: Any, choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return a choice; the settings of the project's own plugin lie under those of an entry that names it, too."""
    laid = dict(choice)
    mine = own if isinstance(own, dict) else {}
    if mine.get("use") == laid.get("use") and mine.get("from") == laid.get("from", mine.get("from")):
        settings = {**(mine.get("with") or {}), **laid.get("with", {})}
        return {**mine, **laid} | ({"with": settings} if settings else {})
    return laid
