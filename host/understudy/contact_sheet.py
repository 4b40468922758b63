"""How do many pictures go onto one, each with words below it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from understudy_sdk.types import U8

__all__ = ["contact_sheet"]

COLUMNS: Final = 8
TILE_PX: Final = 128
HEAD_PX: Final = 44
FOOT_PX: Final = 18


def contact_sheet(
    pictures: Sequence[U8],
    captions: Sequence[str],
    heading: Sequence[str],
    *,
    columns: int = COLUMNS,
    tile_px: int = TILE_PX,
) -> U8:
    """Return pictures in a grid, each with a caption below it.

    Args:
        pictures: uint8 (S, S, 3), RGB.
        captions: One for each.
        heading: Up to two lines on top.
        columns: How many stand side by side.
        tile_px: Side at which each is shown.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    rows = max(1, -(-len(pictures) // columns))
    sheet = np.full((HEAD_PX + rows * (tile_px + FOOT_PX), columns * tile_px, 3), 24, np.uint8)
    for number, line in enumerate(heading):
        _write(sheet, line, (6, 17 + 18 * number), 0.48)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, columns)
        top, left = HEAD_PX + row * (tile_px + FOOT_PX), column * tile_px
        tile = cv2.resize(picture, (tile_px, tile_px), interpolation=cv2.INTER_AREA)
        sheet[top : top + tile_px, left : left + tile_px] = tile
        _write(sheet, caption, (left + 3, top + tile_px + 13), 0.36)
    return sheet


def _write(sheet: U8, text: str, place: tuple[int, int], scale: float) -> None:
    cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (230, 230, 230), 1, cv2.LINE_AA)
