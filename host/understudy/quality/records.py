"""How are a training's measures kept? One line of JSON per measuring, as its losses are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from understudy.errors import StoreError
from understudy.training.history import LossTable, read_losses

__all__ = ["MINUTES", "QUALITY_NAME", "measures_at", "read_quality", "write_quality"]

QUALITY_NAME: Final = "quality.jsonl"
"""File name of a training's measures."""
MINUTES: Final = "minutes"
"""Name of the column that says how long was learnt by then."""


def write_quality(folder: Path, step: int, minutes: float, measures: Mapping[str, float]) -> None:
    """Add the measures of a step; a line that a kill tore is closed first.

    Raises:
        StoreError: When the disk does not take it.
    """
    path = folder / QUALITY_NAME
    finite = {name: round(value, 6) for name, value in measures.items() if np.isfinite(value)}
    line = json.dumps({"step": step, MINUTES: round(minutes, 3), **finite}) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and path.read_bytes()[-1:] not in {b"", b"\n"}
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + line if torn else line)
    except OSError as error:
        raise StoreError(
            f"the measures cannot be kept in {path}: {error.strerror or error}\n"
            f"  free some space or make the folder writable, and run again; the last checkpoint is kept"
        ) from error


def read_quality(folder: Path) -> LossTable:
    """Return the measures by step, and how many minutes were learnt by then; none where nothing was measured."""
    return read_losses(folder / QUALITY_NAME)


def measures_at(table: LossTable, step: int) -> dict[str, float]:
    """Return the measures of a step, without minutes; none where that step was not measured."""
    places = np.flatnonzero(table.steps == step)
    if not len(places):
        return {}
    found = {name: float(table.losses(name)[places[0]]) for name in table.names if name != MINUTES}
    return {name: value for name, value in found.items() if np.isfinite(value)}
