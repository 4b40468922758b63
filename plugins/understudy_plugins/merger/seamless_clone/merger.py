"""How is a face cloned into a frame's light?"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import lay_face

from . import SeamlessCloneConfig
from .poisson import offset

__all__ = ["SeamlessCloneMerger", "clone"]

F32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_SHOWS_FROM: Final = 0.1
"""Where the mask shows this much, the face counts as shown; the rest of its soft edge only fades."""

_INSET_PX: Final = 3
"""The face's gradients hold this far within that edge; as in OpenCV, whose results this agrees with."""

_SMALLEST_PX: Final = 4
"""A face less wide or high than this cannot be cloned, and hardly be seen."""

_SOLVE_SIDE: Final = 256
"""Larger faces are solved at this side: what is added is smooth, and the time grows with the side's third power."""


class SeamlessCloneMerger:
    """Keeps the face's detail and lets its light flow in from the frame around it."""

    def __init__(self, config: SeamlessCloneConfig) -> None:
        self._config = config

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the cloned face and the mask that fades it into the region.

        Colours are transferred before cloning: that matches contrast and tint inside the face, and the clone then sets
        the level, so that the edge stays seamless. The other way round, the transfer would move the edge's colours
        away from the frame's again.

        A face that shows on less than 4 px of width or height stays the target's: the mask is all 0.
        """
        layer = lay_face(self._config, region, swap, crop, mask)
        shows = layer.mask > _SHOWS_FROM
        _, _, width, height = cv2.boundingRect(shows.view(np.uint8))
        if min(width, height) < _SMALLEST_PX:
            return Layer(layer.rgb, np.zeros_like(layer.mask))
        return Layer(_clone_to_the_edge(layer.rgb, region.rgb, shows), layer.mask)


def _clone_to_the_edge(face: F32, frame: F32, shows: Bools) -> F32:
    """Clone a face that may reach the region's edge, which it does only where the picture ends.

    There the frame says nothing about the light, so the picture is mirrored outwards: nothing then flows across
    that edge.
    """
    height, width = shows.shape
    top, bottom = (height // 2 * bool(shows[row].any()) for row in (0, -1))
    left, right = (width // 2 * bool(shows[:, column].any()) for column in (0, -1))
    if not (top or bottom or left or right):
        return clone(face, frame, shows)
    rows, columns = (top, bottom), (left, right)
    cloned = clone(
        np.pad(face, (rows, columns, (0, 0)), mode="symmetric"),
        np.pad(frame, (rows, columns, (0, 0)), mode="symmetric"),
        np.pad(shows, (rows, columns), mode="symmetric"),
    )
    return np.ascontiguousarray(cloned[top : top + height, left : left + width])


def clone(face: F32, frame: F32, shows: Bools) -> F32:
    """Return the frame with the face cloned into it, float32 (h, w, 3), not clipped.

    Solved over the box around the shown face; a box larger than 256 px is solved at that side. What is added to the
    face is smooth, and so is what is added around it, so each is enlarged by itself.

    Args:
        face: float32 (h, w, 3).
        frame: float32 (h, w, 3).
        shows: bool (h, w), where the face shows; at least 4 px wide and high.
    """
    x, y, width, height = cv2.boundingRect(shows.view(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    square = np.ones((2 * _INSET_PX + 1, 2 * _INSET_PX + 1), np.uint8)
    eroded = cv2.erode(shows[box].astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    inside = np.asarray(eroded, np.bool_)
    if max(width, height) <= _SOLVE_SIDE:
        added = offset(face[box], frame[box], inside)
    else:
        added = _offset_enlarged(face[box], frame[box], inside)
    cloned = frame.copy()
    cloned[box] = np.where(inside[..., None], face[box], frame[box]) + added
    return cloned


def _offset_enlarged(face: F32, frame: F32, inside: Bools) -> F32:
    """Return the offset of a large picture, solved on a smaller one, float32 (h, w, 3)."""
    height, width = inside.shape
    shrink = _SOLVE_SIDE / max(width, height)
    small = max(_SMALLEST_PX, round(width * shrink)), max(_SMALLEST_PX, round(height * shrink))
    share = cv2.resize(inside.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    small_inside = np.asarray(share > 0.5, np.bool_)
    added = offset(
        np.asarray(cv2.resize(face, small, interpolation=cv2.INTER_AREA), np.float32),
        np.asarray(cv2.resize(frame, small, interpolation=cv2.INTER_AREA), np.float32),
        small_inside,
    )
    within, around = (
        cv2.resize(_spread(added, part), (width, height), interpolation=cv2.INTER_LINEAR)
        for part in (small_inside, ~small_inside)
    )
    return np.asarray(np.where(inside[..., None], within, around), np.float32)


def _spread(values: F32, known: Bools) -> F32:
    """Continue values, float32 (h, w, 3), from where they are known to the pixels beside, so that enlarging can mix."""
    weights = known.astype(np.float32)
    around = (5, 5)
    total = cv2.blur(weights, around)
    mean = cv2.blur(values * weights[..., None], around) / np.maximum(total, 1e-6)[..., None]
    return np.asarray(np.where(known[..., None], values, mean), np.float32)
