"""Which masks did people draw by hand, and how are they kept as plain text?

A mask is a list of polygons, each of which adds to it or takes away from it, as DeepFaceLab's editor makes them. The
plain form is JSON that any program can write::

    {"understudy_polygons": 1, "faces": [
      {"picture": "00012_0.jpg", "size": [512, 512], "polygons": [
        {"kind": "include", "points": [[100.0, 80.0], [400.0, 80.0], [256.0, 480.0]]},
        {"kind": "exclude", "points": [[200, 200], [240, 200], [220, 260]]}]}]}

Points are x, y in pixels of the stored crop; x points right, y down.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from .errors import ForeignFileError
from .types import F32, U8, require

__all__ = ["POLYGONS_VERSION", "DrawnMask", "Polygon", "draw_polygons", "read_polygons", "write_polygons"]

POLYGONS_VERSION: Final = 1
"""What stands under ``understudy_polygons``."""

_KINDS: Final = {"include": True, "exclude": False}
_LARGEST_SIDE_PX: Final = 16384
_FEWEST: Final = 3  # corners


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A part of a mask drawn by hand.

    Attributes:
        points: float32 (N, 2), x y in the crop's pixels; the last is joined to the first.
        is_included: Whether it adds to the mask or takes away from it.
    """

    points: F32
    is_included: bool

    def __post_init__(self) -> None:
        """Check the points."""
        require("Polygon.points", self.points, np.float32, (None, 2))


class DrawnMask(NamedTuple):
    """What people drew on one picture.

    Attributes:
        size: Width and height of the picture in px.
        polygons: In the order they were drawn in.
    """

    size: tuple[int, int]
    polygons: tuple[Polygon, ...]


def draw_polygons(polygons: Sequence[Polygon], size: int | tuple[int, int]) -> U8:
    """Return the mask that polygons describe, uint8 (height, width), 0 or 255, as DeepFaceLab draws it.

    What is included comes first, then what is excluded, whatever their order; corners are cut to whole pixels, and a
    polygon's own edge belongs to it.

    Args:
        polygons: In the picture's pixels.
        size: The picture's side, or its width and height, in px.
    """
    width, height = (size, size) if isinstance(size, int) else size
    drawn = np.zeros((height, width), np.uint8)
    for part in sorted(polygons, key=lambda part: not part.is_included):
        cv2.fillPoly(drawn, [part.points.astype(np.int32)], (255 if part.is_included else 0,))
    return drawn


def read_polygons(text: str | bytes, where: str) -> dict[str, DrawnMask]:
    """Return what the plain form says, by the name of the picture in its faceset.

    Args:
        text: JSON.
        where: The file's name, for messages.

    Raises:
        ForeignFileError: It is not of this form; or a polygon has fewer than three points, or one outside its picture.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ForeignFileError(where, f"it is no JSON ({error})") from None
    if not isinstance(content, dict) or "understudy_polygons" not in content:
        raise ForeignFileError(where, 'it states no version: {"understudy_polygons": 1, "faces": [...]} is wanted')
    if content["understudy_polygons"] != POLYGONS_VERSION:
        found = content["understudy_polygons"]
        raise ForeignFileError(where, f"it is of version {found!r}, but version {POLYGONS_VERSION} is read here")
    masks: dict[str, DrawnMask] = {}
    for number, face in enumerate(_list(content.get("faces"), "faces", where), start=1):
        picture, mask = _face(face, number, where)
        if picture in masks:
            raise ForeignFileError(where, f"the picture {picture!r} stands there twice")
        masks[picture] = mask
    return masks


def write_polygons(masks: Mapping[str, DrawnMask]) -> str:
    """Return polygons, by the name of their picture, in the plain form, one picture per line.

    What reaches over a picture's edge is cut off at it; the mask stays the same. What lies wholly outside is left out.
    """
    rows = []
    for picture, (size, polygons) in masks.items():
        cut = [(part.is_included, _cut_to(part.points, size)) for part in polygons]
        drawn = [
            {"kind": "include" if is_included else "exclude", "points": [[round(v, 3) for v in at] for at in points]}
            for is_included, points in cut
            if len(points) >= _FEWEST
        ]
        rows.append(json.dumps({"picture": picture, "size": list(size), "polygons": drawn}, ensure_ascii=False))
    faces = ",\n".join(rows)
    return f'{{"understudy_polygons": {POLYGONS_VERSION}, "faces": [\n{faces}\n]}}\n'


def _list(value: Any, what: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ForeignFileError(where, f"{what} must be a list, but is {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"


def _face(face: Any, number: int, where: str) -> tuple[str, DrawnMask]:
    if not isinstance(face, dict):
        raise ForeignFileError(where, f"face {number} must be a mapping, but is {_kind(face)}")
    picture = face.get("picture")
    if not isinstance(picture, str) or not picture:
        raise ForeignFileError(where, f"face {number} names no picture")
    size = _size(face.get("size"), picture, where)
    drawn = _list(face.get("polygons"), f"{picture}: polygons", where)
    return picture, DrawnMask(size, tuple(_polygon(part, i, picture, size, where) for i, part in enumerate(drawn, 1)))


def _size(value: Any, picture: str, where: str) -> tuple[int, int]:
    is_pair = isinstance(value, list) and len(value) == 2
    if not is_pair or not all(type(side) is int and 0 < side <= _LARGEST_SIDE_PX for side in value):
        raise ForeignFileError(where, f"{picture}: size must be a width and a height in px, but is {value!r}")
    return value[0], value[1]


def _polygon(part: Any, number: int, picture: str, size: tuple[int, int], where: str) -> Polygon:
    what = f"{picture}: polygon {number}"
    if not isinstance(part, dict) or part.get("kind") not in tuple(_KINDS):
        raise ForeignFileError(where, f"{what} must be of the kind include or exclude")
    points = _list(part.get("points"), f"{what}: points", where)
    if len(points) < _FEWEST:
        raise ForeignFileError(where, f"{what} has {len(points)} points, but a polygon has {_FEWEST} at least")
    for count, point in enumerate(points, start=1):
        _check_point(point, f"{what}: point {count}", size, where)
    return Polygon(np.array(points, np.float32), _KINDS[part["kind"]])


def _check_point(point: Any, what: str, size: tuple[int, int], where: str) -> None:
    is_pair = isinstance(point, list) and len(point) == 2
    if not is_pair or not all(type(value) in (int, float) and math.isfinite(value) for value in point):
        raise ForeignFileError(where, f"{what} must be two numbers, x and y, but is {point!r}")
    if not all(0 <= value <= side for value, side in zip(point, size, strict=True)):
        raise ForeignFileError(
            where, f"{what} at {point[0]:g}, {point[1]:g} lies outside the picture of {size[0]} x {size[1]} px"
        )


def _cut_to(points: F32, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Return the part of a polygon within the picture; each edge of the picture cuts in turn (Sutherland, Hodgman)."""
    corners = [(float(x), float(y)) for x, y in points]
    for axis, limit, sign in ((0, 0, 1), (1, 0, 1), (0, size[0], -1), (1, size[1], -1)):
        kept: list[tuple[float, float]] = []
        for before, at in zip(corners[-1:] + corners[:-1], corners, strict=True):
            depths = [sign * (corner[axis] - limit) for corner in (before, at)]
            if (depths[0] < 0) != (depths[1] < 0):
                share = depths[0] / (depths[0] - depths[1])
                crossing = [b + share * (a - b) for b, a in zip(before, at, strict=True)]
                crossing[axis] = float(limit)
                kept.append((crossing[0], crossing[1]))
            if depths[1] >= 0:
                kept.append(at)
        corners = kept
    return corners
