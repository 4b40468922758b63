"""What does the model make of a few faces, on one sheet?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy.aside import whole_file
from understudy.pictures import encode_png
from understudy_sdk import Crop, Side, Swap, TrainableModel
from understudy_sdk.types import F32, U8

__all__ = ["COLUMNS", "HEADER_PX", "preview_sheet", "write_preview"]

COLUMNS: Final = ("source", "source rebuilt", "target", "target rebuilt", "target swapped")
HEADER_PX: Final = 20
"""Height of the titles."""

_CELL_PX: Final = 96
"""Crops smaller than this are enlarged."""
_KEPT: Final = 60
"""How many numbered sheets stay."""


def preview_sheet(model: TrainableModel, source: Sequence[Crop], target: Sequence[Crop]) -> U8:
    """Return a sheet with one row per pair of crops, uint8 (H, W, 3) RGB; its columns are ``COLUMNS``.

    Where one side has more crops than the other, the rest of them is left out.
    """
    rows = min(len(source), len(target))
    source, target = source[:rows], target[:rows]
    columns = [
        [crop.rgb for crop in source],
        [_picture(swap) for swap in model.rebuild(source, Side.SOURCE)],
        [crop.rgb for crop in target],
        [_picture(swap) for swap in model.rebuild(target, Side.TARGET)],
        [_picture(swap) for swap in model.swap(target)],
    ]
    cell = max([_CELL_PX, *(crop.size for crop in (*source, *target))])
    sheet = np.zeros((HEADER_PX + rows * cell, len(COLUMNS) * cell, 3), np.uint8)
    for number, (title, pictures) in enumerate(zip(COLUMNS, columns, strict=True)):
        left = number * cell
        _write_title(sheet, title, left, cell)
        for row, picture in enumerate(pictures):
            top = HEADER_PX + row * cell
            sheet[top : top + cell, left : left + cell] = _fit(picture, cell)
    return sheet


def write_preview(folder: Path, step: int, sheet: U8) -> Path:
    """Write a sheet as ``preview-<step>.png`` and as ``preview-latest.png``, and return the first.

    There are 60 numbered sheets at most, spread evenly over the training.

    Raises:
        StoreError: When the disk does not take it.
    """
    content = encode_png(sheet)
    numbered = folder / f"preview-{step:08d}.png"
    for path in (numbered, folder / "preview-latest.png"):
        with whole_file(path) as part:
            part.write_bytes(content)
    _thin_out(folder)
    return numbered


def _thin_out(folder: Path) -> None:
    """Delete the sheets, one after the other, that leave the smallest gap, but never the first or the newest."""
    found = (re.fullmatch(r"preview-(\d{8,})\.png", path.name) for path in folder.iterdir())
    steps = sorted(int(match[1]) for match in found if match)
    while len(steps) > _KEPT:
        gaps = [after - before for before, after in zip(steps, steps[2:], strict=False)]
        step = steps.pop(gaps.index(min(gaps)) + 1)
        (folder / f"preview-{step:08d}.png").unlink(missing_ok=True)


def _picture(swap: Swap) -> U8:
    rgb: F32 = np.clip(swap.rgb, 0.0, 1.0) * np.float32(255)
    return np.rint(rgb).astype(np.uint8)


def _fit(picture: U8, cell: int) -> U8:
    if picture.shape[:2] == (cell, cell):
        return picture
    return np.asarray(cv2.resize(picture, (cell, cell), interpolation=cv2.INTER_LINEAR), np.uint8)


def _write_title(sheet: U8, title: str, left: int, cell: int) -> None:
    """Write a title centred over its column, smaller where the column is narrow."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45
    (width, _), _ = cv2.getTextSize(title, font, scale, 1)
    scale = min(scale, scale * (cell - 6) / width)
    (width, height), _ = cv2.getTextSize(title, font, scale, 1)
    origin = (left + (cell - width) // 2, (HEADER_PX + height) // 2)
    cv2.putText(sheet, title, origin, font, scale, (230, 230, 230), 1, cv2.LINE_AA)
