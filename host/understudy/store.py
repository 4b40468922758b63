"""Where does finished work lie, and which recipe made it?

A work folder holds one folder per phase, and in it one folder per artifact, named ``<name>-<key>``. The key is a
digest of the artifact's recipe: the plugins, their revisions and settings, and the keys of what went in. An artifact's
``recipe.json`` keeps the recipe itself, so that a stale result can say which part of it changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .aside import whole_file
from .errors import StoreError

__all__ = [
    "Artifact",
    "Recipe",
    "WorkFolder",
    "differences",
    "digest",
    "folder_bytes",
    "name_of",
    "read_json",
    "write_json",
]

FORMAT: Final = 1
"""Version of the work folder's layout."""

PHASES: Final = ("find", "extract", "train", "predict", "merge", "compare")
"""Kinds of results; what is found belongs to the extract phase, and merging predicts what it needs."""

Recipe = Mapping[str, Any]


def digest(value: Any) -> str:
    """Return 64 hex digits that name a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all.

    Raises:
        StoreError: When the disk does not take it.
    """
    with whole_file(path) as part:
        part.write_text(json.dumps(value, indent=1, sort_keys=True, default=str), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return a JSON file's value, or None where there is no file.

    Raises:
        StoreError: When the file is damaged; it is named.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:
        raise StoreError(f"{path} cannot be read: {error}\n  delete it; what it described is made anew") from error


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Name the keys at which two recipes differ, such as ``detector.settings.min_score``."""
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[str] = []
        for key in sorted({*old, *new}):
            found += differences(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            name for at, pair in enumerate(zip(old, new, strict=True)) for name in differences(*pair, f"{where}.{at}")
        ]
    return [] if old == new else [where]


def name_of(folder: Path) -> str:
    """Return what a result's folder, or any other, is called, without the digest of its recipe."""
    return re.sub(r"-[0-9a-f]{16}$", "", folder.name)


def folder_bytes(folder: Path) -> int:
    """Return how many bytes the files below a folder take."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


@dataclass(frozen=True, slots=True)
class Artifact:
    """One result's folder.

    Attributes:
        phase: One of ``PHASES``.
        name: What it is called in the project.
        key: Digest of its recipe.
        folder: Where it lies; may not exist yet.
        recipe: What makes it.
    """

    phase: str
    name: str
    key: str
    folder: Path
    recipe: Recipe

    def prepare(self) -> Path:
        """Make the folder with its recipe, if it is not there, and return it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "recipe.json").is_file():
            write_json(self.folder / "recipe.json", self.recipe)
        return self.folder


class WorkFolder:
    """A project's work folder."""

    def __init__(self, root: Path) -> None:
        """Look at a work folder, which need not exist.

        Raises:
            StoreError: When a newer Understudy made it.
        """
        self.root = root
        head = read_json(root / "work.json")
        if head is not None and int(head.get("format", 0)) > FORMAT:
            raise StoreError(
                f"{root} was made by a newer Understudy (format {head['format']}; this one knows up to {FORMAT})\n"
                f"  install that version, or move the folder away to start again"
            )

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            StoreError: When it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not (self.root / "work.json").is_file():
                write_json(self.root / "work.json", {"format": FORMAT})
        except OSError as error:
            raise StoreError(
                f"the work folder {self.root} cannot be written: {error.strerror or error}\n"
                f"  it lies beside the project file; make that folder writable or free some space"
            ) from error

    def artifact(self, phase: str, name: str, recipe: Recipe) -> Artifact:
        """Return the place of what a recipe makes."""
        key = digest(recipe)
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "unnamed"
        return Artifact(phase, name, key, self.root / phase / f"{plain}-{key[:16]}", recipe)

    def why_stale(self, artifact: Artifact) -> str:
        """Say which keys changed since the latest other result of this name, or return an empty text."""
        stem = artifact.folder.name[: -len(artifact.key[:16])]
        others = [folder for folder in self.folders(artifact.phase) if _is_sibling(folder, stem, artifact.folder)]
        if artifact.folder.exists() or not others:
            return ""
        latest = max(others, key=lambda folder: (folder / "recipe.json").stat().st_mtime)
        changed = differences(read_json(latest / "recipe.json"), json.loads(json.dumps(artifact.recipe, default=str)))
        return ", ".join(changed[:4]) + (" and more" if len(changed) > 4 else "")

    def folders(self, phase: str) -> Iterator[Path]:
        """Yield the folders of all results of a phase, current or not."""
        parent = self.root / phase
        if parent.is_dir():
            yield from sorted(path for path in parent.iterdir() if path.is_dir())

    def remove(self, folder: Path) -> None:
        """Delete a result's folder.

        Raises:
            StoreError: When it does not lie in this work folder.
        """
        if folder.parent.parent != self.root or folder.parent.name not in PHASES:
            raise StoreError(f"{folder} is not a result of {self.root}; it was left alone")
        shutil.rmtree(folder)


def _is_sibling(folder: Path, stem: str, current: Path) -> bool:
    return (
        folder != current
        and folder.name.startswith(stem)
        and len(folder.name) == len(current.name)
        and (folder / "recipe.json").is_file()
    )
