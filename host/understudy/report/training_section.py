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
from .gathering import LAST_SHARE
from .tables import facts_list
from .tiles import picture_file
from .wording import number, text

__all__ = ["TRAINING_ID", "training_section"]

TRAINING_ID: Final = "training"

_COLORS: Final = ("one", "two")


def training_section(trainings: Sequence[TrainingReport]) -> Iterator[str]:
    """Yield the part of the page about trainings."""
    yield f'<section class="training" id="{TRAINING_ID}"><h2>Training</h2>'
    for training in trainings:
        yield f"<h3>{text(training.name)}</h3>"
        facts = {
            "model": training.model,
            "steps": f"{number(training.step)} of {number(training.iterations)}",
            **{f"loss, {name}": f"{loss:.4g}" for name, loss in training.losses.items()},
        }
        yield facts_list("", facts)
        yield f'<div class="charts">{_loss_chart(read_losses(Path(training.folder) / HISTORY_NAME))}'
        preview = Path(training.folder) / "preview-latest.png"
        if preview.is_file():
            shown = picture_file(preview, f"What the model makes of some faces: {training.name}")
            yield f'<figure class="chart"><figcaption class="title">Newest preview</figcaption>{shown}</figure>'
        yield "</div>"
    yield "</section>"


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
