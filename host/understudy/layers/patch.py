"""What part of a frame did one swap change, how far is it covered, and by how much did each sample change?

Several faces of a swap, and the words on a frame, lie over each other in the order in which they were laid: the later
covers the earlier as far as its mask says. What counts for a compositor is the frame before the first and after the
last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.video import Laying
from understudy.video.orientation import Box
from understudy.video.planes import PixelLayout

__all__ = ["ROUNDED_FROM", "Patch", "PlanePatch", "mean_of_cells", "patch_of", "repeated"]

F32 = npt.NDArray[np.float32]

ROUNDED_FROM: Final = 0.25
"""Cover from which on a step leads to the rounded sample, so that a file's own small faults do not tip it over. Where
less is covered those count for little, and to round there would make colours noisy."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanePatch:
    """One plane's part: ``before`` as it was, ``step`` what was added; float32 (h, w), in numbers."""

    before: F32
    step: F32


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What a swap did to a part of a frame, as stored.

    Attributes:
        box: Its place, on the grid of the chroma samples.
        cover: How far it is covered, float32 (h, w), 0 to 1.
        planes: Luma and the two chromas on their own grids, or red, green and blue, or grey alone.
    """

    box: Box
    cover: F32
    planes: tuple[PlanePatch, ...]

    def rounded(self) -> Patch:
        """Return it with steps that lead to the clip's own samples everywhere, also where little is covered."""
        return replace(self, planes=tuple(PlanePatch(one.before, _whole_step(one)) for one in self.planes))


def patch_of(layings: Sequence[Laying], layout: PixelLayout, size: tuple[int, int]) -> Patch | None:
    """Join what was laid into one frame, in order; None where nothing was.

    Args:
        layings: Of one swap.
        layout: The clip's pixel format.
        size: Columns and rows of the frame as it is stored.
    """
    if not layings:
        return None
    box = _on_grid(layings, layout, size)
    x0, y0, x1, y1 = box
    cover = np.zeros((y1 - y0, x1 - x0), np.float32)
    for laying in layings:
        left, top = laying.box[0] - x0, laying.box[1] - y0
        part = cover[top : top + laying.mask.shape[0], left : left + laying.mask.shape[1]]
        part += laying.mask * (1 - part)
    planes = tuple(_joined(layings, channel, layout, box) for channel in range(len(layout.channels)))
    for plane in () if layout.is_float else planes:
        share = cover if plane.step.shape == cover.shape else mean_of_cells(cover, layout)
        np.copyto(plane.step, _whole_step(plane), where=share >= ROUNDED_FROM)
    return Patch(box, cover, planes)


def mean_of_cells(values: F32, layout: PixelLayout) -> F32:
    """Return the mean over the pixels of each chroma sample; of an incomplete cell over those that there are."""
    if layout.sub_x == layout.sub_y == 1:
        return values
    rows = np.arange(0, values.shape[0], layout.sub_y)
    columns = np.arange(0, values.shape[1], layout.sub_x)
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    high = np.diff(rows, append=values.shape[0])[:, None]
    wide = np.diff(columns, append=values.shape[1])[None]
    return np.asarray(sums / (high * wide), np.float32)


def repeated(coarse: F32, layout: PixelLayout, shape: tuple[int, ...]) -> F32:
    """Give each pixel of a shape its chroma sample's value; a plane of that shape stays as it is."""
    if coarse.shape == shape:
        return coarse
    return coarse.repeat(layout.sub_y, axis=0)[: shape[0]].repeat(layout.sub_x, axis=1)[:, : shape[1]]


def _whole_step(plane: PlanePatch) -> F32:
    return np.asarray(np.rint(plane.before + plane.step) - plane.before, np.float32)


def _on_grid(layings: Sequence[Laying], layout: PixelLayout, size: tuple[int, int]) -> Box:
    boxes = [laying.box for laying in layings]
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    x1, y1 = max(box[2] for box in boxes), max(box[3] for box in boxes)
    across, down = layout.sub_x, layout.sub_y
    right, bottom = min(-(-x1 // across) * across, size[0]), min(-(-y1 // down) * down, size[1])
    return x0 // across * across, y0 // down * down, right, bottom


def _joined(layings: Sequence[Laying], channel: int, layout: PixelLayout, box: Box) -> PlanePatch:
    across, down = (layout.sub_x, layout.sub_y) if channel and layout.model == "ycc" else (1, 1)
    left, top = box[0] // across, box[1] // down
    shape = -(-box[3] // down) - top, -(-box[2] // across) - left
    before, step = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    is_known = np.zeros(shape, np.bool_)
    for laying in layings:
        change = laying.planes[channel]
        high, wide = change.where.shape
        part = slice(change.top - top, change.top - top + high), slice(change.left - left, change.left - left + wide)
        np.copyto(before[part], change.before, where=~is_known[part])
        is_known[part] = True
        merged = change.before + change.step
        if not layout.is_float:
            np.clip(merged, 0, layout.top, out=merged)
        np.copyto(step[part], merged - before[part], where=change.where)
    return PlanePatch(before, step)
