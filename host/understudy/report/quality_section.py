"""What does the page say of how good a model is, on the way and in the end?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from understudy.quality.measuring import MEASURES
from understudy.quality.records import MINUTES
from understudy.quality.result import Result

from .axes import count_axis
from .charts import Curve, line_chart
from .figures import TrainingReport
from .tables import table
from .wording import number, text

__all__ = ["measure_charts", "result_tables"]

_CHARTS: Final = (
    ("Perceptual similarity (HaarPSI)", "", {"haarpsi_source": "source", "haarpsi_target": "target"}),
    ("Structural similarity (SSIM)", "", {"ssim_source": "source", "ssim_target": "target"}),
    ("Landmark error of the swap", "% of the eyes' distance",
     {"expression_eyes": "eyes", "expression_mouth": "mouth", "expression_shape": "all"}),
    ("Overlap of the learnt mask", "", {"mask_iou": "target"}),
    ("Colour difference", "CIEDE2000", {"color_source": "source", "color_target": "target"}),
    ("Flicker beyond the footage's", "levels of 255", {"flicker": "swap"}),
)  # fmt: skip
"""Title and unit of each chart, and its curves' labels by measure."""

_KINDS: Final = ("one", "two", "after")


def measure_charts(training: TrainingReport) -> Iterator[str]:
    """Yield the measures over the steps, and those that say most over the minutes too."""
    if not training.measured:
        return
    for title, unit, names in _CHARTS:
        if chart := _chart(training.measured, "step", (f"{title} over the steps", unit, names)):
            yield chart
    for title, unit, names in (_CHARTS[0], _CHARTS[2]):
        if chart := _chart(training.measured, MINUTES, (f"{title} over the minutes", unit, names)):
            yield chart


def result_tables(training: TrainingReport) -> Iterator[str]:
    """Yield all measures: of the result, and beside them those at some earlier steps."""
    columns = [(int(record["step"]), record) for record in _picked(training.measured)]
    names = [name for name in MEASURES if any(name in record for _, record in columns)]
    if training.result is not None:
        known = training.result.measures
        names = [name for name in MEASURES if name in names or name in known]
    if not names:
        return
    heads = ["", *(f"step {number(step)}" for step, _ in columns)]
    if training.result is not None:
        heads.append(f"now, step {number(training.result.step)}" if training.iterations else "now")
    rows = [[_words(name), *(_cell(record, name) for _, record in columns)] for name in names]
    if training.result is not None:
        rows = [[*row, _cell(training.result.measures, name)] for row, name in zip(rows, names, strict=True)]
    yield table("Measures", heads, rows, note=_note(training.result, training.iterations > 0))


def _picked(measured: Sequence[Mapping[str, float]], most: int = 4) -> list[Mapping[str, float]]:
    """Return a few measurings, spread evenly, the last among them."""
    places = np.unique(np.linspace(0, len(measured) - 1, min(most, len(measured))).round().astype(int))
    return [measured[place] for place in places]


def _words(name: str) -> str:
    meaning = MEASURES[name]
    unit = f", {text(meaning.unit)}" if meaning.unit else ""
    if meaning.is_more_better is None:
        return f"{text(meaning.words)}{unit}"
    return f"{text(meaning.words)}{unit} <small>{'more' if meaning.is_more_better else 'less'} is better</small>"


def _cell(record: Mapping[str, float], name: str) -> str:
    return f"{record[name]:.3f}" if name in record else "–"


def _note(result: Result | None, is_learning: bool) -> str:
    if result is None:
        return ""
    if not is_learning:
        return f"Measured with {result.faces} of the target's faces; which ones the model has learnt from is not known."
    known = "that the model never learnt from" if result.is_held_out else "that the model has learnt from, too"
    return f"The last column is measured with {result.faces} of the target's faces {known}."


def _chart(
    measured: Sequence[Mapping[str, float]],
    along: str,
    what: tuple[str, str, Mapping[str, str]],
) -> str:
    """Return one chart, or nothing where none of its curves was measured."""
    title, unit, names = what
    xs = np.array([record.get(along, np.nan) for record in measured])
    curves = [
        Curve(_KINDS[place], label, xs, np.array([record.get(name, np.nan) for record in measured]))
        for place, (name, label) in enumerate(names.items())
        if any(name in record for record in measured)
    ]
    return line_chart(title, unit, curves, count_axis, is_from_zero=False) if curves else ""
