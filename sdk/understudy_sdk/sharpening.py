"""How is a picture sharpened, smoothed or worn down?"""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from .types import F32

__all__ = ["degrade_bicubic", "median_passes", "reduce_colors", "sharpen"]

Places = npt.NDArray[np.intp]

_MEDIAN_PX: Final = 5
_PALETTE: Final = 256


def sharpen(picture: F32, amount: float, kind: Literal["box", "gaussian"], detail_px: float = 1.0) -> F32:
    """Return a picture with what differs from its blurred self made stronger, as DeepFaceLab does at 1 px.

    Args:
        picture: float32 (h, w, 3).
        amount: Weight of the difference; ``gaussian`` takes half of it.
        kind: How the picture is blurred: by the mean of 3 x 3 details, or by a Gaussian over as many.
        detail_px: Side of a detail in px, 1 at least.
    """
    if kind == "box":
        side = 2 * round((3.0 * detail_px - 1) / 2) + 1
        blurred = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
        weight = amount
    else:
        side = 2 * round(detail_px) + 1
        blurred = cv2.GaussianBlur(picture, (side, side), 0)  # OpenCV's own width for this side
        weight = amount / 2
    return np.asarray(cv2.addWeighted(picture, 1.0 + weight, blurred, -weight, 0.0), np.float32)


def median_passes(picture: F32, amount: float, step: float) -> F32:
    """Return a picture under medians of 5 x 5 px: a pass for every ``step``, and a last one by the remaining share."""
    whole, rest = divmod(amount, step)
    for _ in range(int(whole)):
        picture = _median(picture)
    return picture if rest <= 0 else _between(picture, _median(picture), rest / step)


def degrade_bicubic(picture: F32, percent: float) -> F32:
    """Return a picture shrunk by so many of 101 parts and enlarged again, both cubic and without smoothing."""
    height, width = picture.shape[:2]
    scale = 1.0 - percent / 101.0
    small_size = max(1, int(width * scale)), max(1, int(height * scale))
    small = cv2.resize(picture, small_size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def reduce_colors(picture: F32, share: float, count: int = _PALETTE) -> F32:
    """Return a picture moved towards a palette of so many of its own colours, 0: not at all, 1: wholly.

    P. Heckbert, "Color Image Quantization for Frame Buffer Display", 1982: boxes of colours are split at the median of
    their longest side.
    """
    rows = picture.reshape(-1, 3)
    reduced = np.empty_like(rows)
    whole: list[Places] = []  # boxes that hold one colour
    boxes: list[Places] = [np.arange(len(rows))]
    while boxes and len(whole) + len(boxes) < count:
        box = boxes.pop(0)  # so that all boxes of a size are split before the next smaller ones
        halves = _halves(rows, box)
        if len(halves) == 1:
            whole += halves
        else:
            boxes += halves
    for box in whole + boxes:
        reduced[box] = rows[box].mean(axis=0)
    return _between(picture, reduced.reshape(picture.shape), share)


def _halves(rows: F32, box: Places) -> list[Places]:
    colors = rows[box]
    spread = colors.max(axis=0) - colors.min(axis=0)
    axis = int(spread.argmax())
    if len(box) < 2 or spread[axis] <= 0:
        return [box]
    order = box[np.argpartition(colors[:, axis], len(box) // 2)]
    return [order[: len(box) // 2], order[len(box) // 2 :]]


def _median(picture: F32) -> F32:
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(picture), _MEDIAN_PX), np.float32)


def _between(first: F32, second: F32, share: float) -> F32:
    return np.asarray(cv2.addWeighted(first, 1.0 - share, second, share, 0.0), np.float32)
