"""How are masks shown so that a person can judge them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from understudy.contact_sheet import contact_sheet
from understudy.faceset import FaceLabel, FaceRow, Faceset
from understudy.pictures import decode_mask
from understudy.quality.similarity import mask_iou
from understudy_sdk import Crop, Mask
from understudy_sdk.polygons import Polygon
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import resize_square

__all__ = ["mask_preview", "over_face", "shown_faces"]

_TILE_PX: Final = 192
_COLUMNS: Final = 6
_OUTSIDE: Final = 0.35
"""How much of its light the picture keeps where the mask is 0."""

_EDGE: Final = (255, 220, 40)
_INCLUDED: Final = (60, 230, 90)
_EXCLUDED: Final = (240, 60, 60)


def over_face(rgb: U8, mask: F32, polygons: Sequence[Polygon] = ()) -> U8:
    """Return a face that is dark where its mask is not, with the mask's edge in yellow; uint8 (tile, tile, 3), RGB.

    Args:
        rgb: uint8 (S, S, 3).
        mask: float32 (M, M), 0 to 1, over the same square.
        polygons: In the picture's pixels; those that include are drawn green, those that exclude red.
    """
    shown = resize_square(rgb, _TILE_PX, interpolation="cubic").astype(np.float32)
    values = np.clip(resize_square(mask, _TILE_PX), 0.0, 1.0)
    shown *= (_OUTSIDE + (1 - _OUTSIDE) * values)[..., None]
    picture: U8 = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    edges, _ = cv2.findContours((values >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, edges, -1, _EDGE, 1, cv2.LINE_AA)
    factor = _TILE_PX / rgb.shape[0]
    for part in polygons:
        line = np.rint(part.points * factor).astype(np.int32)
        color = _INCLUDED if part.is_included else _EXCLUDED
        cv2.polylines(picture, [line], isClosed=True, color=color, thickness=1, lineType=cv2.LINE_AA)
    return picture


def mask_preview(crops: Sequence[Crop], labels: Sequence[U8], masks: Sequence[Mask], heading: str) -> U8:
    """Return a sheet with face, label, mask and the mask over the face, one row each; uint8 (H, W, 3), RGB."""
    pictures, captions = list[U8](), list[str]()
    for crop, label, mask in zip(crops, labels, masks, strict=True):
        values = np.clip(resize_square(mask.values, crop.size), 0.0, 1.0)
        grey = np.rint(values * 255).astype(np.uint8)
        pictures += [crop.rgb, _grey(label), _grey(grey), over_face(crop.rgb, values)]
        captions += [
            "face",
            "label",
            f"mask, IoU {mask_iou(values, np.divide(label, 255, dtype=np.float32)):.3f}",
            "mask over the face",
        ]
    return contact_sheet(pictures, captions, [heading], columns=4, tile_px=_TILE_PX)


def shown_faces(index: Faceset, count: int, *, only_labelled: bool = False) -> tuple[U8, int, int]:
    """Return a sheet of faces with their masks and polygons, how many it shows, and how many there are.

    Args:
        index: The faceset.
        count: How many are shown at most, evenly spread over the faces.
        only_labelled: Whether only faces with a label are shown; then the mask is the label's.
    """
    labels = index.labels()
    rows = [row for row in index.all_rows() if not only_labelled or row.name in labels]
    picked = sorted({round(place) for place in np.linspace(0, len(rows) - 1, min(count, len(rows)))}) if rows else []
    pictures = [_tile(index, rows[place], labels.get(rows[place].name), only_labelled) for place in picked]
    captions = [f"{rows[place].frame}{' aside' if rows[place].mark else ''}" for place in picked]
    first = f"{index.folder.name}: {len(picked)} of {len(rows)} faces, {len(labels)} labelled"
    second = "dark: outside the mask   yellow: its edge   green and red: polygons that include and exclude"
    sheet = contact_sheet(pictures, captions, [first, second], columns=_COLUMNS, tile_px=_TILE_PX)
    return sheet, len(picked), len(rows)


def _tile(index: Faceset, row: FaceRow, label: FaceLabel | None, is_label: bool) -> U8:
    mask = decode_mask(index.mask_png(row.name), f"mask of {row.name}")
    if label is not None and is_label:
        mask = np.divide(label.drawn_on(row.frame_to_crop, row.size), 255, dtype=np.float32)
    polygons = label.polygons_on(row.frame_to_crop) if label is not None else ()
    return over_face(index.picture(row), mask, polygons)


def _grey(values: U8) -> U8:
    return np.repeat(values[..., None], 3, axis=2)
