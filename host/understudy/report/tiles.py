"""How do pictures get into a page? As JPEG within its text."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy.errors import StoreError
from understudy.faceset import FaceRow, Faceset, Origin
from understudy.pictures import decode_picture, encode_picture
from understudy_sdk.types import U8

from .wording import short_clock, text

__all__ = ["TILES", "face_tiles", "part_tile", "picture_file", "spread", "thumbnail"]

TILES: Final = 24
"""Faces that a sheet shows at most."""

_TILE_PX: Final = 128
_THUMBNAIL_PX: Final = 64
_PART_PX: Final = 200
_QUALITY: Final = 82
_WIDEST_PX: Final = 1200


def face_tiles(index: Faceset, names: Sequence[str], start_s: float) -> str:
    """Return faces with their frame, time, score and origin as a list.

    Args:
        index: The faceset.
        names: File names of the pictures.
        start_s: Presentation time of the clip's first frame.

    Raises:
        StoreError: A picture is damaged; it is named.
    """
    return f'<ol class="tiles">{"".join(_tile(index, index.row(name), start_s) for name in names)}</ol>'


def thumbnail(index: Faceset, name: str, what: str) -> str:
    """Return a face as a small picture; ``what`` says who or what it is."""
    return _face(index, index.row(name), _THUMBNAIL_PX, what)


def picture_file(path: Path, what: str, *, widest_px: int = _WIDEST_PX) -> str:
    """Return a picture file, no wider than it may be; a damaged one is left out with words."""
    try:
        picture = decode_picture(path.read_bytes(), str(path))
    except (OSError, StoreError):
        return f'<p class="none">{text(path.name)} cannot be read</p>'
    height, width = picture.shape[:2]
    if width > widest_px:
        size = (widest_px, max(round(height * widest_px / width), 1))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return f'<img class="sheet" {_source(picture)} alt="{text(what)}">'


def part_tile(picture: U8, view: tuple[float, float, float, float], what: str) -> str:
    """Return a square part of a picture, x0 y0 x1 y1 in px; where it reaches beyond, the picture's edge goes on."""
    scale = _PART_PX / (view[2] - view[0])
    matrix = np.array([[scale, 0, -view[0] * scale], [0, scale, -view[1] * scale]])
    if scale < 1:  # warping alone would skip pixels
        size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, :2] = np.eye(2)
    part = cv2.warpAffine(picture, matrix, (_PART_PX, _PART_PX), borderMode=cv2.BORDER_REPLICATE)
    return f'<img {_source(np.asarray(part, np.uint8))} width="{_PART_PX}" height="{_PART_PX}" alt="{text(what)}">'


def spread(names: Sequence[str], most: int = TILES) -> list[str]:
    """Return up to ``most`` names, evenly spread."""
    places = np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int))
    return [names[place] for place in places]


def _tile(index: Faceset, row: FaceRow, start_s: float) -> str:
    time = short_clock(float(row.pts * row.time_base) - start_s, is_fine=True)
    origin = "" if row.origin is Origin.FOUND else f'<b class="{row.origin}">{row.origin}</b>'
    mark = f'<b class="aside">{text(row.mark)}</b>' if row.mark else ""
    score = "" if row.origin is Origin.FILLED else f"{row.face.score:.2f}"
    return (
        f"<li>{_face(index, row, _TILE_PX, f'frame {row.frame}')}"
        f"<span><b>{row.frame}</b> {time}</span><span>{score} {origin}{mark}</span></li>"
    )


def _face(index: Faceset, row: FaceRow, side: int, what: str) -> str:
    small = cv2.resize(index.picture(row), (side, side), interpolation=cv2.INTER_AREA)
    return f'<img {_source(np.asarray(small, np.uint8))} width="{side}" height="{side}" alt="{text(what)}">'


def _source(picture: U8) -> str:
    content = base64.b64encode(encode_picture(picture, "jpeg", _QUALITY)).decode("ascii")
    return f'src="data:image/jpeg;base64,{content}"'
