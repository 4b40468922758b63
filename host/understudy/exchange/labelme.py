"""Which polygons lie in a file of LabelMe, a program that many people draw with?

Such a file is JSON beside its picture: ``imagePath``, ``imageWidth``, ``imageHeight`` and ``shapes``, each with
``label``, ``points`` and ``shape_type``. Here a shape's label says what it does: ``include`` or ``exclude``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from understudy_sdk import ForeignFileError
from understudy_sdk.polygons import DrawnMask, Polygon

from .names import base_name

__all__ = ["is_labelme", "labelme_mask"]

_KINDS: Final = {"include": True, "exclude": False}
_SLACK_PX: Final = 1.0
"""How far beyond the picture a corner may lie: the program draws to the outer edge of the outermost pixels."""


def is_labelme(content: object) -> bool:
    """Tell whether parsed JSON is meant as a file of LabelMe."""
    return isinstance(content, Mapping) and "shapes" in content


def labelme_mask(content: Mapping[str, Any], where: str) -> tuple[str, DrawnMask]:
    """Return the name of the picture, without folders, and what was drawn on it.

    Args:
        content: The parsed file.
        where: Its name, for messages.

    Raises:
        ForeignFileError: It names no picture or no size, or a shape is neither a polygon nor a rectangle, has another
            label than ``include`` or ``exclude``, or reaches out of its picture.
    """
    picture = content.get("imagePath")
    if not isinstance(picture, str) or not base_name(picture):
        raise ForeignFileError(where, "it names no picture (imagePath)")
    sides = (content.get("imageWidth"), content.get("imageHeight"))
    if not all(type(side) is int and side > 0 for side in sides):
        raise ForeignFileError(where, f"imageWidth and imageHeight must be the picture's size in px, but are {sides}")
    size = int(str(sides[0])), int(str(sides[1]))
    shapes = content.get("shapes")
    if not isinstance(shapes, list):
        raise ForeignFileError(where, "its shapes are not a list")
    polygons = [_polygon(shape, f"shape {number}", size, where) for number, shape in enumerate(shapes, start=1)]
    return base_name(picture), DrawnMask(size, tuple(polygons))


def _polygon(shape: Any, what: str, size: tuple[int, int], where: str) -> Polygon:
    if not isinstance(shape, Mapping):
        raise ForeignFileError(where, f"{what} is not a mapping")
    label = shape.get("label")
    if not isinstance(label, str) or label.lower() not in _KINDS:
        raise ForeignFileError(where, f"{what} is labelled {label!r}, but must be labelled include or exclude")
    points = _points(shape, what, where)
    for x, y in points:
        if not all(-_SLACK_PX <= at <= side + _SLACK_PX for at, side in zip((x, y), size, strict=True)):
            raise ForeignFileError(
                where, f"{what} at {x:g}, {y:g} lies outside the picture of {size[0]} x {size[1]} px"
            )
    return Polygon(np.clip(np.array(points, np.float32), 0, np.array(size, np.float32)), _KINDS[label.lower()])


def _points(shape: Mapping[str, Any], what: str, where: str) -> list[tuple[float, float]]:
    found, kind = shape.get("points"), shape.get("shape_type", "polygon")
    if not isinstance(found, list) or not all(_is_point(point) for point in found):
        raise ForeignFileError(where, f"{what}: its points must be pairs of numbers")
    if kind == "rectangle" and len(found) == 2:
        (x0, y0), (x1, y1) = found
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    if kind != "polygon":
        raise ForeignFileError(where, f"{what} is a {kind!r}, but must be a polygon or a rectangle")
    if len(found) < 3:
        raise ForeignFileError(where, f"{what} has {len(found)} points, but a polygon has 3 at least")
    return [(x, y) for x, y in found]


def _is_point(point: Any) -> bool:
    is_pair = isinstance(point, list) and len(point) == 2
    return is_pair and all(type(value) in (int, float) and math.isfinite(value) for value in point)
