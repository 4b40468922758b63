"""How does a face look, without a network?

Histograms of uniform local binary patterns over a grid of cells, after T. Ahonen, A. Hadid and M. Pietikäinen, "Face
Description with Local Binary Patterns", IEEE PAMI 28(12), 2006: a pattern says which of eight neighbours are brighter
than their middle, so brightness and contrast do not count. Taken twice, from the face alone and from a wider square
with hair and outline; each together with its mirror picture, so that the side the light comes from counts less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from skimage.feature import local_binary_pattern

from understudy_sdk import Crop
from understudy_sdk.geometry import umeyama
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.types import F32, F64, U8
from understudy_sdk.warp import warp_picture

from . import AppearanceConfig

__all__ = ["AppearanceRecognizer"]

_SIDE: Final = 96
_CELLS: Final = 6  # each way
_NEIGHBOURS: Final = 8
_RADIUS_PX: Final = 3
_BLUR_PX: Final = 2.0  # sharp and blurred pictures of a face have the same patterns at this scale
_PATTERNS: Final = 59  # uniform patterns of eight neighbours, and one for the rest
_MARGINS: Final = (0.12, 0.45)  # around brows to mouth, in sides of that square: the face; with hair and outline
_STEADY: Final = (*range(27, 49), 51, 54)  # nose, eyes, corners and middle of the mouth


class AppearanceRecognizer:
    """Describes faces by local patterns."""

    def __init__(self, config: AppearanceConfig) -> None:
        self.same_person = config.same_person

    def embed(self, crops: Sequence[Crop]) -> F32:
        """Return one unit vector per crop, float32 (N, 4248), in the order given."""
        length = len(_MARGINS) * _CELLS * _CELLS * _PATTERNS
        vectors = [np.concatenate([_describe(crop, margin) for margin in _MARGINS]) for crop in crops]
        found = np.array(vectors, np.float64).reshape(len(crops), length)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def _describe(crop: Crop, margin: float) -> F64:
    """Return the root histograms of one square's cells, the mirror picture's added: a unit vector."""
    square = (TEMPLATE[np.subtract(_STEADY, 17)] + margin) / (1 + 2 * margin) * _SIDE
    aligned = warp_picture(crop.rgb, umeyama(crop.landmarks[list(_STEADY)], square), _SIDE)
    grey = np.asarray(cv2.GaussianBlur(cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY), (0, 0), _BLUR_PX), np.uint8)
    found = _histograms(grey) + _histograms(np.ascontiguousarray(grey[:, ::-1]))
    return np.asarray(found / np.linalg.norm(found))


def _histograms(grey: U8) -> F64:
    found = local_binary_pattern(grey, _NEIGHBOURS, _RADIUS_PX, "nri_uniform")  # type: ignore[no-untyped-call]
    patterns = np.asarray(found, np.intp)
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    places = (cell[:, None] * _CELLS + cell[None, :]) * _PATTERNS + patterns
    counts = np.bincount(places.ravel(), minlength=_CELLS * _CELLS * _PATTERNS)
    return np.sqrt(counts.astype(np.float64))
