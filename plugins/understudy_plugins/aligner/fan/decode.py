"""Which square of the frame does the network see, and where do its heat maps' peaks lie in the frame?

The square of a box, its picture and the steps from a peak to a landmark follow DeepFaceLab and ``face-alignment`` to
the pixel, their rounding included. In what follows, a heat map's coordinates run from 0 to 64 over the square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, FaceType
from understudy_sdk.geometry import frame_to_crop

__all__ = [
    "F32",
    "F64",
    "HEATMAP_SIDE",
    "PICTURE_SIDE",
    "U8",
    "Window",
    "box_of_landmarks",
    "confidences",
    "cut",
    "peaks",
    "samples_of",
    "spread_of",
    "window_of_box",
    "window_of_landmarks",
]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

PICTURE_SIDE: Final = 256
HEATMAP_SIDE: Final = 64

_SIDE_PER_EXTENT: Final = 200 / 195
"""Side of the square over width plus height of the box; what the network was trained with."""

_RAISED: Final = 0.12
"""How far, in heights of the landmarks' own box, the square it was trained with lies above that box's middle."""

_LEAST_SPREAD_PX: Final = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """A square of the frame, possibly turned.

    Attributes:
        x: Of its centre in the frame's px.
        y: Of its centre in the frame's px.
        side: In the frame's px.
        turn: Clockwise from the frame's axes, in radians; the eyes are level along it.
        step: How far apart the samples of one face are taken, in the frame's px.
    """

    x: float
    y: float
    side: float
    turn: float = 0.0
    step: float = 1.0

    def to_frame(self, points: F64) -> F64:
        """Return heat-map coordinates (..., 2), x y, as the frame's px."""
        return (points / HEATMAP_SIDE - 0.5) * self.side @ self.axes + (self.x, self.y)

    def shifted(self, across: float, down: float) -> Window:
        """Return the square moved by so many steps along its own axes."""
        x, y = np.array([across, down]) * self.step @ self.axes + (self.x, self.y)
        return replace(self, x=float(x), y=float(y))

    @property
    def axes(self) -> F64:
        """Where its rows and its columns run in the frame: two unit vectors, float64 (2, 2)."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return np.array([[cos, sin], [-sin, cos]])


def window_of_box(face: Face, is_raised: bool, is_level: bool) -> Window:
    """Return the square around a detector's box.

    Args:
        face: Its box, and its eyes where the detector knows them.
        is_raised: Move it up as ``face-alignment`` does; DeepFaceLab does not.
        is_level: Turn it so that the eyes are level, where they are known.
    """
    x0, y0, x1, y1 = (float(value) for value in face.box)
    y = (y0 + y1) / 2 - (_RAISED * (y1 - y0) if is_raised else 0.0)
    turn = 0.0
    if is_level and face.eyes is not None:
        across, down = (float(value) for value in face.eyes[1] - face.eyes[0])
        turn = math.atan2(down, across)
    return Window((x0 + x1) / 2, y, (x1 - x0 + y1 - y0) * _SIDE_PER_EXTENT, turn)


def window_of_landmarks(landmarks: F64) -> Window | None:
    """Return the square the network was trained with for landmarks (68, 2), turned as the aligned face is.

    None where the landmarks place no face, because they all lie in one point.
    """
    if spread_of(landmarks) < _LEAST_SPREAD_PX:
        return None
    aligned = frame_to_crop(landmarks, FaceType.FULL, PICTURE_SIDE)
    turn = -math.atan2(aligned[1, 0], aligned[0, 0])
    upright = Window(0.0, 0.0, 1.0, turn)
    level = landmarks @ upright.axes.T  # along the face's own axes
    low, high = level.min(axis=0), level.max(axis=0)
    width, height = high - low
    middle = (low + high) / 2 - (0.0, _RAISED * height)
    x, y = middle @ upright.axes
    side = float(width + height) * _SIDE_PER_EXTENT
    return Window(float(x), float(y), side, turn, step=1 / math.hypot(aligned[0, 0], aligned[1, 0]))


def box_of_landmarks(landmarks: F64) -> F32:
    """Return the box that a detector would give a face, about: that of its landmarks (68, 2), and some forehead."""
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    return np.array([x0, y0 - 2 * _RAISED * (y1 - y0), max(x1, x0 + 1), max(y1, y0 + 1)], np.float32)


def spread_of(landmarks: F64) -> float:
    """Return how large a face is: the root mean square distance in px of its landmarks (68, 2) from their middle."""
    return float(np.sqrt(landmarks.var(axis=0).sum()))


def samples_of(window: Window, count: int) -> list[Window]:
    """Return the squares whose landmarks are averaged: the one given, or with it four more, moved along diagonals."""
    if count == 1:
        return [window]
    return [window, *(window.shifted(across, down) for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)))]


def cut(rgb: U8, window: Window) -> U8:
    """Return what the network sees, uint8 (256, 256, 3); black beyond the frame."""
    return _cut_upright(rgb, window) if window.turn == 0.0 else _cut_turned(rgb, window)


def _cut_upright(rgb: U8, window: Window) -> U8:
    """Cut whole pixels, as the reference does, and scale them bilinearly."""
    inset = window.side * (1 / PICTURE_SIDE - 0.5)
    x0, y0 = math.trunc(window.x + inset), math.trunc(window.y + inset)
    x1, y1 = math.trunc(window.x + window.side / 2), math.trunc(window.y + window.side / 2)
    whole = np.zeros((max(y1 - y0, 1), max(x1 - x0, 1), 3), np.uint8)
    rows = slice(max(y0, 0), max(min(y1, rgb.shape[0]), 0))
    columns = slice(max(x0, 0), max(min(x1, rgb.shape[1]), 0))
    part = rgb[rows, columns]
    if part.size:
        top, left = rows.start - y0, columns.start - x0
        whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return np.asarray(cv2.resize(whole, (PICTURE_SIDE, PICTURE_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _cut_turned(rgb: U8, window: Window) -> U8:
    """Sample a turned square; what is more than twice as large is sampled finer and averaged, else it would flicker."""
    finer = max(1, min(4, round(window.side / PICTURE_SIDE)))
    count = PICTURE_SIDE * finer
    # Where an upright square of whole pixels lies on average: 1/256 of its side and the rounding, from its middle.
    scale = window.side * (1 - 1 / PICTURE_SIDE) / count
    start = window.side * (1 / PICTURE_SIDE - 0.5) + 0.5 * scale
    axes = window.axes
    x, y = np.array([start, start]) @ axes + (window.x - 1.0, window.y - 1.0)
    crop_to_frame = np.column_stack([axes.T * scale, (x, y)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(rgb, crop_to_frame, (count, count), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    if finer > 1:
        crop = cv2.resize(crop, (PICTURE_SIDE, PICTURE_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)


def peaks(heatmaps: F32, is_fitted: bool) -> F64:
    """Return where heat maps peak, float64 (B, 68, 2), x y in heat-map coordinates.

    Args:
        heatmaps: float32 (B, 68, 64, 64).
        is_fitted: Place the peak between pixels where a Gaussian through the largest value and its neighbours has it,
            along rows and columns apart; else a quarter of a pixel towards the larger neighbour, as the reference does.
    """
    flat = heatmaps.reshape(*heatmaps.shape[:2], -1)  # (B, 68, 4096)
    best = flat.argmax(axis=2)
    row, column = np.divmod(best, HEATMAP_SIDE)
    inner = (np.minimum(row, column) > 0) & (np.maximum(row, column) < HEATMAP_SIDE - 1)
    points = np.stack([column, row], axis=-1).astype(np.float64)
    values = [
        np.take_along_axis(flat, np.where(inner, best + offset, best)[..., None], axis=2)[..., 0].astype(np.float64)
        for offset in (0, -1, 1, -HEATMAP_SIDE, HEATMAP_SIDE)
    ]
    middle, left, right, above, below = values
    for axis, (before, after) in enumerate(((left, right), (above, below))):
        quarter = 0.25 * np.sign(after - before)
        points[..., axis] += _fitted(before, middle, after, quarter) if is_fitted else quarter
    return points + 0.5


def _fitted(before: F64, middle: F64, after: F64, otherwise: F64) -> F64:
    """Return the offset of a Gaussian's peak through three neighbours; something else where there is none."""
    is_hill = (np.minimum(before, after) > 0) & ((middle > before) | (middle > after))
    low, top, high = (np.log(np.where(is_hill, values, 1.0)) for values in (before, middle, after))
    bend = np.where(is_hill, 2 * top - low - high, 1.0)
    return np.asarray(np.where(is_hill, 0.5 * (high - low) / bend, otherwise), np.float64)


def confidences(heatmaps: F32) -> F64:
    """Return the mean height of the peaks, float64 (B,), cut to 0 to 1; well-placed landmarks reach nearly 1."""
    return np.asarray(np.clip(heatmaps.max(axis=(2, 3)).mean(axis=1, dtype=np.float64), 0.0, 1.0), np.float64)
