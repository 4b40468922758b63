"""What do the samples in a box of a frame stand for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import ColorDescription
from understudy_sdk.types import F32

from .chroma import bring_up
from .codes import brightness_of_codes, codes_of, rgb_of_codes
from .orientation import Box
from .planes import PixelLayout

__all__ = ["BoxSamples"]

Samples = npt.NDArray[Any]
Lacks = tuple[tuple[int, int], tuple[int, int]]
_NONE: Final[Lacks] = ((0, 0), (0, 0))


class BoxSamples:
    """The samples in a box of a frame, as stored; of coarser chroma one more at either end, as far as there are."""

    def __init__(self, planes: Sequence[Samples], layout: PixelLayout, box: Box) -> None:
        """View a box of a frame's channels; where chroma is asked for, its left and upper edges lie on that grid."""
        self._layout = layout
        x0, y0, x1, y1 = box
        self._width, self._height = x1 - x0, y1 - y0
        self._stored = [planes[0][y0:y1, x0:x1]]
        self._lacks: list[Lacks] = [_NONE] * len(planes)
        for channel, plane in enumerate(planes[1:], 1):
            if self._is_fine:
                self._stored.append(plane[y0:y1, x0:x1])
                continue
            down, rows = _span(y0, y1, layout.sub_y, plane.shape[0])
            across, columns = _span(x0, x1, layout.sub_x, plane.shape[1])
            self._stored.append(plane[rows, columns])
            self._lacks[channel] = down, across

    @property
    def _is_fine(self) -> bool:
        return self._layout.sub_x == self._layout.sub_y == 1

    def copied(self) -> BoxSamples:
        """Keep the samples as they are now, for the frame may change; returns itself."""
        self._stored = [stored.copy() for stored in self._stored]
        return self

    def codes(self, channel: int) -> F32:
        """Return a channel's code values on the luma grid, float32 (h, w)."""
        values = codes_of(self._stored[channel], self._layout)
        return values if self._is_fine or not channel else self._raised(values, self._lacks[channel])

    def rgb(self, color: ColorDescription) -> F32:
        """Return what the box shows, float32 (h, w, 3), 0 to 1 nominal."""
        return rgb_of_codes([self.codes(channel) for channel in range(len(self._stored))], self._layout, color)

    def brightness(self, color: ColorDescription) -> F32:
        """Return how bright it is, float32 (h, w), 0 to 1 nominal."""
        channels = len(self._stored) if self._layout.model == "rgb" else 1
        return brightness_of_codes([self.codes(channel) for channel in range(channels)], self._layout, color)

    def _raised(self, coarse: F32, lacks: Lacks) -> F32:
        """Bring chroma up to the luma grid; beyond the frame its outermost samples go on."""
        if lacks != _NONE:
            coarse = np.pad(coarse, lacks, mode="edge")
        layout = self._layout
        tall = bring_up(coarse, 0, layout.sub_y, is_between=True)[: self._height]
        return bring_up(tall, 1, layout.sub_x, is_between=layout.is_between)[:, : self._width]


def _span(first: int, last: int, factor: int, count: int) -> tuple[tuple[int, int], slice]:
    """Name the chroma samples under a span and one more at either end, of which so many lie outside the picture."""
    start, stop = first // factor - 1, -(-last // factor) + 1
    return (max(-start, 0), max(stop - count, 0)), slice(max(start, 0), min(stop, count))
