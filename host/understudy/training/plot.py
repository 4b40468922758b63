"""How did the losses come down, in one picture?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.aside import whole_file
from understudy.pictures import encode_png
from understudy_sdk.types import U8

from .history import F64, LossTable

__all__ = ["COLORS", "loss_plot", "write_loss_plot"]

COLORS: Final = {"source": (235, 120, 60), "target": (70, 140, 230), "mask": (90, 160, 90)}
"""RGB of the curve of each loss that is drawn."""

_WIDTH: Final = 900
_HEIGHT: Final = 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 34, 14, 30
"""Margins in px."""
_INK: Final = (90, 90, 90)
_PALE: Final = 0.35
"""How much of its colour the band of unsmoothed losses keeps."""

I32 = npt.NDArray[np.int32]


def loss_plot(table: LossTable) -> U8:
    """Return a picture of the watched losses over the steps, uint8 (420, 900, 3) RGB.

    A pale band shows the lowest and highest loss of each pixel column, the line a mean over a fiftieth of the steps.
    """
    picture = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    curves = {name: table.losses(name) for name in COLORS if name in table.names}
    steps = table.steps
    top = _top_of(list(curves.values()))
    _draw_axes(picture, top, int(steps[0]) if len(steps) else 0, int(steps[-1]) if len(steps) else 0)
    if len(steps):
        for name, losses in curves.items():
            _draw_band(picture, losses, top, COLORS[name])
        for name, losses in curves.items():
            line = _points(_smooth(losses), top)
            cv2.polylines(picture, [line], isClosed=False, color=COLORS[name], thickness=2, lineType=cv2.LINE_AA)
    for number, name in enumerate(curves):
        where = (_LEFT + 10 + 110 * number, _TOP - 12)
        cv2.putText(picture, name, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, COLORS[name], 1, cv2.LINE_AA)
    return picture


def write_loss_plot(path: Path, table: LossTable) -> None:
    """Write the picture of the losses.

    Raises:
        StoreError: When the disk does not take it.
    """
    content = encode_png(loss_plot(table))
    with whole_file(path) as part:
        part.write_bytes(content)


def _top_of(curves: list[F64]) -> float:
    """Return the loss at the upper edge: a little above nearly all of them, so that one spike flattens nothing."""
    known = [losses[np.isfinite(losses)] for losses in curves]
    values = np.concatenate(known) if known else np.empty(0)
    return max(float(np.quantile(values, 0.99)) * 1.1, 1e-9) if len(values) else 1.0


def _smooth(losses: F64) -> F64:
    span = max(len(losses) // 50, 1)
    known = np.isfinite(losses)
    sums = np.convolve(np.where(known, losses, 0.0), np.ones(span), mode="same")
    counts = np.convolve(known.astype(np.float64), np.ones(span), mode="same")
    return np.asarray(sums / np.maximum(counts, 1.0))


def _columns(count: int) -> I32:
    """Return each record's pixel column."""
    return np.rint(np.linspace(_LEFT, _WIDTH - _RIGHT - 1, count)).astype(np.int32)


def _rows(losses: F64, top: float) -> I32:
    """Return each loss's pixel row."""
    share = np.clip(np.nan_to_num(losses, nan=0.0, posinf=top) / top, 0.0, 1.0)
    return np.rint((_HEIGHT - _BOTTOM - 1) - share * (_HEIGHT - _BOTTOM - _TOP - 1)).astype(np.int32)


def _points(losses: F64, top: float) -> I32:
    """Return a curve's points, int32 (N, 2), x y in px; where columns are few, each takes its records' mean."""
    columns = _columns(len(losses))
    used, places = np.unique(columns, return_inverse=True)
    means = np.bincount(places, losses) / np.bincount(places)
    return np.stack([used, _rows(means, top)], axis=1).astype(np.int32)


def _draw_band(picture: U8, losses: F64, top: float, color: tuple[int, int, int]) -> None:
    pale = np.rint(255 - (255 - np.array(color)) * _PALE).astype(np.uint8)
    known = np.isfinite(losses)
    columns, rows = _columns(len(losses))[known], _rows(losses[known], top)
    used, starts = np.unique(columns, return_index=True)
    if not len(used):
        return
    highest, lowest = np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts)
    for column, upper, lower in zip(used, highest, lowest, strict=True):
        band = picture[upper : lower + 1, column]
        np.minimum(band, pale, out=band)


def _draw_axes(picture: U8, top: float, first: int, last: int) -> None:
    font, right, bottom = cv2.FONT_HERSHEY_SIMPLEX, _WIDTH - _RIGHT - 1, _HEIGHT - _BOTTOM - 1
    for part in range(5):
        row = bottom - round((bottom - _TOP) * part / 4)
        cv2.line(picture, (_LEFT, row), (right, row), (225, 225, 225) if part else _INK, 1)
        cv2.putText(picture, f"{top * part / 4:.3g}", (8, row + 4), font, 0.42, _INK, 1, cv2.LINE_AA)
    cv2.putText(picture, f"step {first}", (_LEFT, _HEIGHT - 10), font, 0.42, _INK, 1, cv2.LINE_AA)
    text = f"step {last}"
    (width, _), _ = cv2.getTextSize(text, font, 0.42, 1)
    cv2.putText(picture, text, (right - width, _HEIGHT - 10), font, 0.42, _INK, 1, cv2.LINE_AA)
