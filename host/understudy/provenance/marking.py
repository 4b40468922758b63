"""How is the mark laid into a face so that nobody sees it and a copy still carries it?

The mark is a change of brightness by some two levels of 255 in each chip (``pattern``), stronger where the picture is
busy and would hide more, weaker where it is plain. What the picture itself holds in a chip would drown it: a finder
cannot know that part. But we know it here, and so a chip whose picture speaks against its sign is changed more, and one
that already speaks for it is hardly changed at all. Source of that idea: H. S. Malvar, D. A. F. Florencio, "Improved
spread spectrum", IEEE Trans. Signal Processing 51 (2003). What a finder sees of a chip is how it stands out from its
neighbours, so the changes are chosen for all chips together, step by step down the gradient of what is still short;
that leaves out broad blotches, which the eye sees and no finder looks at. A large face says the message so often that
it can be marked more faintly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Layer

from .pattern import chips_across, grid_of, pattern_of

__all__ = ["FaceMark", "chip_detail"]

F32 = npt.NDArray[np.float32]

_WANTED: Final = 5.5
"""How far a chip is to stand out from its neighbours, in levels of 255, where the picture is neither plain nor busy."""

_MOST: Final = 4.5
"""What is added at most, in the same measure."""

_ROUNDS, _PACE, _IMPETUS = 7, 0.12, 0.6
"""Steps in which the changes are found; the pace at which they come nearer, below 1/8 so that they settle; and how much
of a step the next one goes on with, which gets as far in less than half the steps."""

_ENOUGH_CHIPS: Final = 2200.0
"""Chips of a face from which on it is marked more faintly, by the root of how many more there are; and how far."""

_FAINTEST: Final = 0.6

_SECOND: Final = np.array([-0.5, 1.0, -0.5], np.float32)


def chip_detail(chips: F32) -> F32:
    """Return how far each chip stands out from what its eight neighbours lead to expect."""
    return np.asarray(cv2.sepFilter2D(chips, cv2.CV_32F, _SECOND, _SECOND, borderType=cv2.BORDER_REFLECT), np.float32)


@dataclass(frozen=True, slots=True)
class FaceMark:
    """The mark of one clip.

    Attributes:
        width: Of the clip's upright frames, in px.
        height: Likewise.
        payload: The 24 bits that it says.
    """

    width: int
    height: int
    payload: int

    def laid(self, layer: Layer, at: tuple[int, int], before: F32, weights: tuple[float, float, float]) -> Layer:
        """Return the layer with the mark in its colours; its mask, and so what it covers, is the same.

        Args:
            layer: What is laid over the frame.
            at: The layer's left and upper edge in the upright frame.
            before: float32 (h, w), 0 to 1: the brightness of the frame under it.
            weights: What red, green and blue weigh in that brightness.
        """
        rows, columns = grid_of(self.width, self.height, chips_across(self.width, self.height))
        height, width = layer.mask.shape
        down, along = _ruled(at[1], height, self.height, rows), _ruled(at[0], width, self.width, columns)
        pattern = pattern_of(rows, columns, self.payload)[down.chips, along.chips]
        chips = np.asarray(down.shares @ _shown(before, layer, weights) @ along.shares.T, np.float32)
        count = float(layer.mask.sum()) * (rows / self.height) * (columns / self.width)
        steps = _steps(chips, pattern, _strength(count)) * np.float32(1 / 255)
        spread = down.spread @ steps @ along.spread.T
        rgb = cv2.add(layer.rgb, cv2.cvtColor(spread, cv2.COLOR_GRAY2RGB))  # the same sums, in a third of the time
        return Layer(np.asarray(rgb, np.float32), layer.mask)


def _shown(before: F32, layer: Layer, weights: tuple[float, float, float]) -> F32:
    """Return the brightness that will be seen, in levels of 255; under no mask a layer may hold anything."""
    change = np.asarray(cv2.transform(layer.rgb, np.array([weights], np.float32)), np.float32) - before
    change *= layer.mask
    change[layer.mask <= 0] = 0.0
    change += before
    change *= np.float32(255)
    return change


def _strength(chips: float) -> float:
    """Return how strongly a face of so many chips is marked, 0 to 1."""
    return float(np.clip(np.sqrt(_ENOUGH_CHIPS / max(chips, 1.0)), _FAINTEST, 1.0))


def _steps(chips: F32, pattern: F32, strength: float) -> F32:
    """Return what is added to each chip, in levels of 255.

    The steps down the gradient have impetus: B. T. Polyak, "Some methods of speeding up the convergence of iteration
    methods", USSR Comput. Math. and Math. Physics 4(5), 1964, with the gradient taken ahead as by Nesterov.
    """
    detail = chip_detail(chips)
    busy = cv2.sqrt(cv2.blur(detail * detail, (5, 5), borderType=cv2.BORDER_REFLECT))
    hides = np.float32(strength) * np.clip(0.8 + 0.1 * busy, 0.95, 1.7)
    wanted, most = _WANTED * hides - pattern * detail, _MOST * hides
    steps, ahead = np.zeros_like(chips), np.zeros_like(chips)
    for _ in range(_ROUNDS):
        short = chip_detail(ahead)
        short *= pattern
        np.subtract(wanted, short, out=short)
        np.maximum(short, 0.0, out=short)
        short *= pattern
        ahead += np.float32(_PACE) * chip_detail(short)
        np.clip(ahead, -most, most, out=ahead)
        before, steps = steps, ahead
        ahead = steps + np.float32(_IMPETUS) * (steps - before)
    return steps


@dataclass(frozen=True, slots=True, eq=False)
class _Ruled:
    """How a stretch of pixels is ruled into chips.

    Attributes:
        chips: Those that it meets.
        shares: float32 (chips, px): what part each pixel has in each chip. They add up to 1, also for a chip that only
            partly lies in the stretch.
        spread: float32 (px, chips): how much of each chip's change a pixel gets: its own chip's, but for the mean over
            three pixels that softens the edges.
    """

    chips: slice
    shares: F32
    spread: F32


@lru_cache(maxsize=16)
def _ruled(first_px: int, length_px: int, whole_px: int, chips: int) -> _Ruled:
    edges = np.arange(first_px, first_px + length_px + 1) * (chips / whole_px)
    first, last = int(edges[0]), min(int(np.ceil(edges[-1] - 1e-9)), chips)
    chip = np.arange(first, max(last, first + 1))[:, None]
    overlap = np.clip(np.minimum(edges[1:], chip + 1) - np.maximum(edges[:-1], chip), 0.0, None)
    shares = overlap / np.maximum(overlap.sum(axis=1, keepdims=True), 1e-9)
    own = ((edges[:-1] + edges[1:]) / 2).astype(np.intp) - first
    near = np.pad(np.eye(len(chip))[np.clip(own, 0, len(chip) - 1)], ((1, 1), (0, 0)), mode="edge")
    spread = (near[:-2] + near[1:-1] + near[2:]) / 3
    return _Ruled(slice(first, first + len(chip)), shares.astype(np.float32), spread.astype(np.float32))
