"""Which results of a work folder were made for a comparison, and of what?

A comparison works in the project's own work folder, so that a run profits from it. Whoever frees space has to be told
what its results are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .store import WorkFolder, read_json, write_json

__all__ = ["remember", "remembered"]

_NAME = "compared.json"


def remember(work: WorkFolder, folders: Iterable[Path], label: str) -> None:
    """Note for which combination results are made, where nothing is noted yet."""
    known = _read(work)
    fresh = {str(folder.relative_to(work.root)): label for folder in folders}
    if not fresh.keys() <= known.keys():
        write_json(work.root / _NAME, fresh | known)


def remembered(work: WorkFolder) -> dict[Path, str]:
    """Return for which combination each result was made, by its folder; those made otherwise are not among them."""
    return {work.root / name: label for name, label in _read(work).items()}


def _read(work: WorkFolder) -> dict[str, str]:
    known = read_json(work.root / _NAME)
    return {str(name): str(label) for name, label in known.items()} if isinstance(known, dict) else {}
