"""Which masks did people draw on the faces of a faceset?"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from understudy.boxes import overlap
from understudy.pictures import decode_mask
from understudy_sdk.geometry import compose, invert, transform_points
from understudy_sdk.polygons import Polygon, draw_polygons
from understudy_sdk.types import F32, F64, U8
from understudy_sdk.warp import warp_mask

__all__ = ["FaceLabel", "Labels"]

_SAME_FACE = 0.5
"""Overlap of boxes from which on a face that is cut anew is the one that was labelled."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceLabel:
    """The mask that a person says a face has, over the square that it was drawn on.

    The square is kept with it, so that the label stays where it was drawn when the face is cut anew.

    Attributes:
        frame_to_crop: float64 (2, 3), of the picture it was drawn on.
        size: That picture's side in px.
        polygons: In that picture's pixels; empty where a whole mask is given instead.
        mask: 8-bit grey PNG over the same square, of any size, where there are no polygons.
    """

    frame_to_crop: F64
    size: int
    polygons: tuple[Polygon, ...] = ()
    mask: bytes = b""

    def polygons_on(self, frame_to_crop: F64) -> tuple[Polygon, ...]:
        """Return the polygons in the pixels of another crop of the same face."""
        if np.array_equal(frame_to_crop, self.frame_to_crop):
            return self.polygons
        moved = compose(invert(self.frame_to_crop), frame_to_crop)
        return tuple(
            Polygon(transform_points(moved, part.points).astype(np.float32), part.is_included) for part in self.polygons
        )

    def drawn_on(self, frame_to_crop: F64, size: int) -> U8:
        """Return the mask over another crop of the same face, uint8 (size, size), 0 or 255."""
        if self.polygons:
            return draw_polygons(self.polygons_on(frame_to_crop), size)
        mask = decode_mask(self.mask, "label")
        factor = self.size / mask.shape[0]
        to_drawn = np.array([[factor, 0.0, 0.0], [0.0, factor, 0.0]])
        moved = compose(compose(to_drawn, invert(self.frame_to_crop)), frame_to_crop)
        return np.where(warp_mask(mask, moved, size) >= 0.5, 255, 0).astype(np.uint8)


class Labels:
    """The part of a faceset's index that keeps masks drawn by people; facesets of old have no table for them."""

    _db: sqlite3.Connection

    def labels(self) -> dict[str, FaceLabel]:
        """Return the label of every face that has one, by the name of its picture."""
        if not self._has_labels():
            return {}
        query = "select label.name, label.frame_to_crop, label.size, polygons, label.mask from label"
        found = self._db.execute(f"{query} join face on face.name = label.name order by clip, frame, face")
        return {name: _from_row(*rest) for name, *rest in found}

    def label(self, name: str) -> FaceLabel | None:
        """Return a face's label, if it has one."""
        if not self._has_labels():
            return None
        query = "select frame_to_crop, size, polygons, mask from label where name = ?"
        row = self._db.execute(query, (name,)).fetchone()
        return None if row is None else _from_row(*row)

    def set_labels(self, labels: Mapping[str, FaceLabel]) -> None:
        """Keep labels by the names of pictures, each in place of the one before."""
        with self._db:
            self._insert_labels(labels)

    def drop_labels(self, names: Iterable[str]) -> None:
        """Take the labels of these pictures away."""
        with self._db:
            self._db.executemany("delete from label where name = ?", [(name,) for name in names])

    def clear_labels(self) -> int:
        """Take all labels away, and return how many there were."""
        with self._db:
            return int(self._db.execute("delete from label").rowcount)

    def _insert_labels(self, labels: Mapping[str, FaceLabel]) -> None:
        rows = [
            (name, json.dumps(label.frame_to_crop.tolist()), label.size, _polygon_text(label), label.mask)
            for name, label in labels.items()
        ]
        self._db.executemany("insert or replace into label values (?,?,?,?,?)", rows)

    def _drop_gone_labels(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Take away the labels of faces that are gone; ``before`` and ``after`` are boxes by names of pictures."""
        gone = [(name,) for name, box in before.items() if name not in after or not _is_same(box, after[name])]
        self._db.executemany("delete from label where name = ?", gone)

    def _has_labels(self) -> bool:
        return self._db.execute("select 1 from sqlite_master where name = 'label'").fetchone() is not None


def _is_same(box: Iterable[float], other: Iterable[float]) -> bool:
    one, two = (np.array(list(edges), np.float32) for edges in (box, other))
    return overlap(one, two) > _SAME_FACE


def _polygon_text(label: FaceLabel) -> str:
    drawn = [
        {"kind": "include" if part.is_included else "exclude", "points": part.points.astype(np.float64).tolist()}
        for part in label.polygons
    ]
    return json.dumps(drawn)


def _from_row(frame_to_crop: str, size: int, polygons: str, mask: bytes) -> FaceLabel:
    parts = tuple(Polygon(_points(part["points"]), part["kind"] == "include") for part in json.loads(polygons))
    return FaceLabel(np.array(json.loads(frame_to_crop), np.float64), size, parts, bytes(mask))


def _points(points: Any) -> F32:
    return np.array(points, np.float32)
