"""What is kept of each merged frame: a picture of its faces, and what is measured of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import cv2
import numpy as np

from understudy.quality.expression import expression_error
from understudy.quality.flicker import flicker
from understudy.quality.looking import Look
from understudy.swapping import Laid
from understudy.tuning import RenderedFrame
from understudy_sdk.types import U8

from .faces_measured import MergedFace, merged_face

__all__ = ["TILE_PX", "Sample", "View", "tile_of"]

TILE_PX: Final = 288
"""Side of the pictures that a comparison keeps."""

View = tuple[int, int, int, int]
"""What a picture shows of its frame: x0 y0 x1 y1 in px; it may reach beyond."""


class Sample:
    """Takes merged frames, one after the other."""

    def __init__(self, views: Mapping[int, View]) -> None:
        """Show of each frame what its view says."""
        self._views = views
        self.tiles: dict[int, U8] = {}
        self.faces: list[MergedFace] = []
        self.laid: list[Laid] = []

    def add(self, frame: RenderedFrame) -> None:
        """Keep a picture of a frame and its merged faces."""
        self.tiles[frame.index] = tile_of(frame.after, self._views[frame.index])
        self.faces += [merged_face(frame.after, one) for one in frame.laid]
        self.laid += frame.laid

    def figures(self, look: Look) -> dict[str, float]:
        """Return what the merged faces measure, by name; what cannot be measured is left out."""
        found = {
            "seam": _mean(face.seam for face in self.faces if face.seam is not None),
            "landmarks": _mean(self._errors(look)),
            "flicker": _mean(self._flicker()),
        }
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def _errors(self, look: Look) -> Iterable[float]:
        wanted = [face.crop.landmarks for face in self.faces]
        if not wanted:
            return
        seen = look([face.rgb for face in self.faces], wanted)
        for points, should in zip(seen, wanted, strict=True):
            if points is not None:
                yield expression_error(points, should).all

    def _flicker(self) -> Iterable[float]:
        placed = {(face.key, face.frame): face for face in self.faces}
        for (key, frame), after in placed.items():
            before = placed.get((key, frame - 1))
            if before is not None and before.rgb.shape == after.rgb.shape:
                swaps = before.rgb, after.rgb
                first, second = (np.divide(face.crop.rgb, 255, dtype=np.float32) for face in (before, after))
                yield flicker(swaps, (first, second), after.mask).excess


def tile_of(rgb: U8, view: View) -> U8:
    """Return the part of a frame that a view shows, as a square picture; what lies beyond the frame is black."""
    x0, y0, x1, y1 = view
    height, width = rgb.shape[:2]
    shown = rgb[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    margins = max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0)
    square = cv2.copyMakeBorder(shown, *margins, cv2.BORDER_CONSTANT, value=(0, 0, 0)) if any(margins) else shown
    way = cv2.INTER_AREA if square.shape[0] > TILE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (TILE_PX, TILE_PX), interpolation=way), np.uint8)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.mean(known)) if known else float("nan")
