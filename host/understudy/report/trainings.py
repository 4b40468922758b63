"""Which figures have a project's models by now, those that learn and those that do not?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from understudy.learning import swap_artifact
from understudy.phases import resources_for
from understudy.progress import Progress
from understudy.project import ChosenSwap, LoadedProject
from understudy.quality.records import MINUTES, read_quality
from understudy.quality.result import Result, result_of
from understudy.store import WorkFolder
from understudy.training import read_losses
from understudy.training.history import HISTORY_NAME, LossTable
from understudy.training.snapshots import best_of, snapshots_of
from understudy.training.timelapse import previews_of, write_timelapse
from understudy_sdk.errors import UnderstudyError

from .figures import ChangeReport, TrainingReport

__all__ = ["LAST_SHARE", "trainings_of"]

LAST_SHARE: Final = 50
"""The last loss is the mean over the last one of so many parts of a training."""


def trainings_of(work: WorkFolder, project: LoadedProject, progress: Progress) -> Iterator[TrainingReport]:
    """Yield the figures of each training that has begun, and of each model that needs none.

    What would be merged with now is measured, unless it was already.

    Raises:
        StoreError: When a file of a training is damaged.
    """
    for swap in project.swaps:
        folder = swap_artifact(work, swap).folder
        table = read_losses(folder / HISTORY_NAME)
        result = _result(work, project, swap, progress) if len(table) or not swap.iterations else None
        if not len(table) and result is None:
            continue
        measured, best = tuple(_measured(read_quality(folder))), best_of(folder)
        yield TrainingReport(
            name=f"{swap.source.name} on {swap.target.name}",
            folder=str(folder),
            model=swap.model.name,
            step=int(table.steps[-1]) if len(table) else 0,
            iterations=swap.iterations,
            losses=_last_losses(table),
            minutes=measured[-1].get(MINUTES) if measured else None,
            measured=measured,
            changes=tuple(_changes(swap)),
            snapshots=tuple(snapshots_of(folder).steps()),
            best=best.step if best else None,
            timelapse=str(write_timelapse(folder)) if previews_of(folder) else "",
            result=result,
        )


def _last_losses(table: LossTable) -> dict[str, float]:
    last = max(len(table) // LAST_SHARE, 1)
    losses = {name: table.losses(name)[-last:] for name in table.names}
    return {name: float(np.nanmean(some)) for name, some in losses.items() if np.isfinite(some).any()}


def _measured(table: LossTable) -> Iterator[dict[str, float]]:
    steps = table.steps
    for step, values in table.rows(int(steps[-1]) if len(steps) else 0):
        yield {"step": step, **{name: value for name, value in values.items() if np.isfinite(value)}}


def _changes(swap: ChosenSwap) -> Iterator[ChangeReport]:
    before: dict[str, Any] = swap.model.config.model_dump(mode="json")
    for change in swap.schedule:
        after = change.model.config.model_dump(mode="json")
        yield ChangeReport(change.after, {name: value for name, value in after.items() if before.get(name) != value})
        before = after


def _result(work: WorkFolder, project: LoadedProject, swap: ChosenSwap, progress: Progress) -> Result | None:
    """Return the result's measures; a report is for looking, so what stands in the way is told and does not end it."""
    try:
        return result_of(work, swap, resources_for(project), progress)
    except UnderstudyError as error:
        progress.say(f"{swap.source.name} on {swap.target.name}: the result is not measured: {error}")
        return None
