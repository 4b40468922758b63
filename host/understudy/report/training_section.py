"""What does the page say of trainings?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from understudy.training.history import HISTORY_NAME, LossTable, read_losses
from understudy_sdk.types import F64

from .axes import count_axis
from .charts import Curve, line_chart
from .figures import TrainingReport
from .quality_section import measure_charts, result_tables
from .tables import facts_list
from .tiles import picture_file
from .trainings import LAST_SHARE
from .wording import number, text

__all__ = ["TRAINING_ID", "training_section"]

TRAINING_ID: Final = "training"

_COLORS: Final = ("one", "two")
_MOST_NAMED: Final = 20
"""Snapshots whose steps are written out."""


def training_section(trainings: Sequence[TrainingReport]) -> Iterator[str]:
    """Yield the part of the page about trainings."""
    yield f'<section class="training" id="{TRAINING_ID}"><h2>Training</h2>'
    for training in trainings:
        yield f"<h3>{text(training.name)}</h3>"
        yield facts_list("", _facts(training))
        yield from result_tables(training)
        if not training.iterations:
            continue
        yield f'<div class="charts">{_loss_chart(read_losses(Path(training.folder) / HISTORY_NAME))}'
        yield from measure_charts(training)
        yield "</div>"
        preview = Path(training.folder) / "preview-latest.png"
        if preview.is_file():
            shown = picture_file(preview, f"What the model makes of some faces: {training.name}")
            yield f'<figure class="chart"><figcaption class="title">Newest preview</figcaption>{shown}</figure>'
    yield "</section>"


def _facts(training: TrainingReport) -> dict[str, str]:
    if not training.iterations:
        return {"model": f"{training.model}, which needs no training"}
    facts = {
        "model": training.model,
        "steps": f"{number(training.step)} of {number(training.iterations)}",
        **{f"loss, {name}": f"{loss:.4g}" for name, loss in training.losses.items()},
    }
    if training.minutes is not None:
        at = int(training.measured[-1]["step"])
        facts["time"] = f"{training.minutes:.1f} minutes of learning up to step {number(at)}"
    for change in training.changes:
        state = "" if training.step > change.after else ", still to come"
        settings = ", ".join(f"{name} {value}" for name, value in change.settings.items()) or "nothing"
        facts[f"after step {number(change.after)}"] = f"{settings}{state}"
    if training.snapshots:
        shown = training.snapshots[-_MOST_NAMED:]
        more = f"{len(training.snapshots) - len(shown)} earlier ones, " if len(shown) < len(training.snapshots) else ""
        best = f"; best: {number(training.best)}" if training.best is not None else ""
        facts["snapshots"] = f"{more}{', '.join(map(number, shown))}{best}"
    if training.timelapse:
        facts["time-lapse"] = training.timelapse
    return facts


def _loss_chart(table: LossTable) -> str:
    steps = table.steps.astype(np.float64)
    curves = [
        curve
        for place, name in enumerate(table.names)
        for curve in _curves(steps, table.losses(name), name, _COLORS[place % len(_COLORS)])
    ]
    curves.sort(key=lambda curve: curve.label != "")
    return line_chart("Losses over the steps", "", curves, count_axis)


def _curves(steps: F64, losses: F64, name: str, color: str) -> list[Curve]:
    """Return a loss of every step, faint, and its mean over parts of the training."""
    known = np.isfinite(losses)
    return [Curve(f"faint {color}", "", steps, losses), Curve(color, name, *_means(steps[known], losses[known]))]


def _means(steps: F64, losses: F64) -> tuple[F64, F64]:
    """Return the mean of each of at most as many parts as a chart needs, at the parts' middle steps."""
    parts = [part for part in np.array_split(np.arange(len(steps)), 3 * LAST_SHARE) if len(part)]
    return np.array([steps[part].mean() for part in parts]), np.array([losses[part].mean() for part in parts])
