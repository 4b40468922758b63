"""How many of a frame's samples changed that lie under no mask?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.video import Laying, PlaneChange
from understudy.video.chroma import cells_touched
from understudy.video.codes import codes_of
from understudy.video.planes import PixelLayout

__all__ = ["changed_outside"]

Samples = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]


def changed_outside(
    planes: Sequence[Samples], before: Sequence[Samples] | None, layings: Sequence[Laying], layout: PixelLayout
) -> int:
    """Return how many samples differ from the clip's own though no mask covers them.

    A sample of chroma lies under a mask if one of its samples of luma does. What a mask covers is taken from the mask
    itself, not from what the laying says that it changed.

    Args:
        planes: The merged frame's samples.
        before: Those of the frame as it came; None looks around the faces alone, where layings know what was there.
        layings: What was laid into it, in order.
        layout: What the planes hold.
    """
    covered = [_covered(laying, layout) for laying in layings]
    count = 0
    for channel, plane in enumerate(planes):
        known = [
            _Known(laying.planes[channel], both[layout.model == "ycc" and channel > 0])
            for laying, both in zip(layings, covered, strict=True)
        ]
        if before is not None:
            count += _changed(plane != before[channel], known)
        elif known:
            count += _changed_near(plane, known, layout)
    return count


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What a laying knows of a channel: what was there before, and which samples lie under its mask."""

    change: PlaneChange
    covered: Bools

    def window(self, top: int = 0, left: int = 0) -> tuple[slice, slice]:
        """Return its place in a part of the plane that begins there."""
        (height, width), row, column = self.change.before.shape, self.change.top - top, self.change.left - left
        return slice(row, row + height), slice(column, column + width)


def _changed(wrong: Bools, known: Sequence[_Known], top: int = 0, left: int = 0) -> int:
    for one in known:
        wrong[one.window(top, left)] &= ~one.covered
    return int(np.count_nonzero(wrong))


def _changed_near(plane: Samples, known: Sequence[_Known], layout: PixelLayout) -> int:
    """Count within what layings know alone."""
    top, left = min(one.change.top for one in known), min(one.change.left for one in known)
    windows = [one.window() for one in known]
    bottom, right = max(rows.stop for rows, _ in windows), max(columns.stop for _, columns in windows)
    wrong = np.zeros((bottom - top, right - left), np.bool_)
    for one, window in zip(known, windows, strict=True):
        wrong[one.window(top, left)] |= codes_of(plane[window], layout) != one.change.before
    return _changed(wrong, known, top, left)


def _covered(laying: Laying, layout: PixelLayout) -> tuple[Bools, Bools]:
    """Return which samples lie under the mask, of luma or colours and of chroma."""
    covered = laying.mask > 0
    if layout.sub_x == layout.sub_y == 1:
        return covered, covered
    x0, y0 = laying.box[:2]
    ahead = (y0 % layout.sub_y, 0), (x0 % layout.sub_x, 0)
    wide = np.pad(covered, ahead) if any(map(any, ahead)) else covered
    return covered, cells_touched(wide, layout.sub_x, layout.sub_y)
