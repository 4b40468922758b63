"""How are the losses of every step kept?

One line of JSON per step, ``{"step": 12, "source": 1.25, "target": 1.13}``, written as it happens. Whoever goes back
to an earlier step writes on at the end; the later line counts, and what the earlier run wrote beyond it does not.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from understudy.errors import StoreError

__all__ = ["HISTORY_NAME", "LossHistory", "LossTable", "read_losses"]

HISTORY_NAME: Final = "losses.jsonl"
"""File name of a training's losses."""

_STEP: Final = "step"

F64 = npt.NDArray[np.float64]


class LossTable:
    """The losses by step, in order; a later record replaces its step's and all beyond it."""

    def __init__(self) -> None:
        """Begin empty."""
        self._steps = array("q")
        self._columns: dict[str, array[float]] = {}

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the losses, in the order in which they came up."""
        return tuple(self._columns)

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """Return the steps, int64 (N,), increasing."""
        return np.array(self._steps, np.int64)

    def losses(self, name: str) -> F64:
        """Return one loss, float64 (N,); NaN where it was not finite or not recorded."""
        return np.array(self._columns[name], np.float64)

    def add(self, step: int, losses: Mapping[str, float]) -> None:
        """Append a record."""
        self._cut(step)
        for name in losses:
            if name not in self._columns:
                self._columns[name] = array("d", [math.nan] * len(self._steps))
        self._steps.append(step)
        for name, column in self._columns.items():
            column.append(losses.get(name, math.nan))

    def rows(self, until: int) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield step and losses of every record up to the step ``until``."""
        for index, step in enumerate(self._steps):
            if step > until:
                return
            yield step, {name: column[index] for name, column in self._columns.items()}

    def _cut(self, step: int) -> None:
        while self._steps and self._steps[-1] >= step:
            self._steps.pop()
            for column in self._columns.values():
                column.pop()


class LossHistory:
    """The file of the losses, open for more.

    A line torn by a kill is closed when the file is opened, so that it cannot eat the next one.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            StoreError: When it cannot be read or written.
        """
        self.path = path
        try:
            self.table = read_losses(path)
            torn = path.exists() and path.read_bytes()[-1:] not in {b"", b"\n"}
            self._file = path.open("a", buffering=1, encoding="utf-8")
            if torn:
                self._file.write("\n")
        except OSError as error:
            raise _not_kept(path, error) from error

    def __enter__(self) -> LossHistory:
        """Return the history."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def add(self, step: int, losses: Mapping[str, float]) -> None:
        """Write one record; a loss that is not finite is written as null.

        Raises:
            StoreError: When the disk does not take it.
        """
        self.table.add(step, losses)
        finite = {name: loss if math.isfinite(loss) else None for name, loss in losses.items()}
        try:
            self._file.write(json.dumps({_STEP: step, **finite}) + "\n")
        except OSError as error:
            raise _not_kept(self.path, error) from error

    def take_over(self, earlier: LossTable, until: int) -> None:
        """Begin an empty history with what another training learnt up to the step ``until``."""
        if len(self.table):
            return
        for step, losses in earlier.rows(until):
            self.add(step, losses)


def read_losses(path: Path) -> LossTable:
    """Return the losses of every step; no file means none, torn lines are passed over."""
    table = LossTable()
    if not path.exists():
        return table
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            record = _parse(line)
            if record is not None:
                table.add(record.pop(_STEP), {name: _number(loss) for name, loss in record.items()})
    return table


def _parse(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get(_STEP), int) else None


def _number(loss: object) -> float:
    return float(loss) if isinstance(loss, int | float) else math.nan


def _not_kept(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the losses cannot be kept in {path}: {error.strerror or error}\n"
        f"  free some space or make the folder writable, and run again; the last checkpoint is kept"
    )
