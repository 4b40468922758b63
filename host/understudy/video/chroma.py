"""How does chroma of a coarser grid come up to the luma grid, and a change of it back down?

Up is linear interpolation at the samples' true places: across, chroma sits on every second column (or between two, in
JPEG); down the picture, between two rows. Down is the filter that undoes up exactly, so that nothing of the old colour
is left where a mask is 1: the low-pass of the biorthogonal spline wavelets 2.2 (on a sample) and 3.1 (between two);
Cohen, Daubechies and Feauveau, "Biorthogonal bases of compactly supported wavelets", 1992, section 6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["bring_down", "bring_up", "cells_touched"]

F32 = npt.NDArray[np.float32]


def bring_up(coarse: F32, axis: int, factor: int, *, is_between: bool) -> F32:
    """Interpolate along one axis; ``coarse`` has one sample more at either end, which only lends its value."""
    inner = _along(coarse, axis, 1, -1)
    if factor != 2:  # 4:1:1 and 4:1:0 repeat: each sample stands for its four
        return inner if factor == 1 else np.repeat(inner, factor, axis=axis)
    shape = list(inner.shape)
    shape[axis] *= 2
    fine = np.empty(shape, np.float32)
    even, odd = _along(fine, axis, 0, None, 2), _along(fine, axis, 1, None, 2)
    if is_between:
        near = inner * np.float32(0.75)
        np.add(near, np.float32(0.25) * _along(coarse, axis, 0, -2), out=even)
        np.add(near, np.float32(0.25) * _along(coarse, axis, 2, None), out=odd)
    else:
        even[...] = inner
        np.add(inner, _along(coarse, axis, 2, None), out=odd)
        odd *= np.float32(0.5)
    return fine


def bring_down(fine: F32, axis: int, factor: int, *, is_between: bool, at_edges: tuple[bool, bool]) -> F32:
    """Undo ``bring_up`` along one axis.

    ``fine`` begins on the coarse grid. Beyond its ends lies no change (0), or, where ``at_edges`` says that the picture
    itself ends there, the last value again. An incomplete last cell is completed likewise.
    """
    if factor == 1:
        return fine
    short = -fine.shape[axis] % factor
    if factor != 2:
        cells = _extended(fine, axis, 0, short, (False, at_edges[1]))
        shape = list(cells.shape)
        shape[axis : axis + 1] = [shape[axis] // factor, factor]
        mean: F32 = cells.reshape(shape).mean(axis=axis + 1, dtype=np.float32)
        return mean
    wide = _extended(fine, axis, 2, short + 2, at_edges)
    coarse: F32
    if is_between:
        coarse = np.float32(0.75) * (_along(wide, axis, 2, -2, 2) + _along(wide, axis, 3, -1, 2))
        coarse -= np.float32(0.25) * (_along(wide, axis, 1, -3, 2) + _along(wide, axis, 4, None, 2))
    else:
        coarse = np.float32(0.25) * (_along(wide, axis, 1, -3, 2) + _along(wide, axis, 3, -1, 2))
        coarse += np.float32(0.75) * _along(wide, axis, 2, -2, 2)
        coarse -= np.float32(0.125) * (_along(wide, axis, 0, -4, 2) + _along(wide, axis, 4, None, 2))
    return coarse


def cells_touched(covered: npt.NDArray[np.bool_], factor_x: int, factor_y: int) -> npt.NDArray[np.bool_]:
    """Tell for each coarse sample whether anything of its cell is covered; (h, w) to (h / fy, w / fx), rounded up."""
    for axis, factor in ((0, factor_y), (1, factor_x)):
        whole = _extended(covered, axis, 0, -covered.shape[axis] % factor, (False, False))
        covered = _along(whole, axis, 0, None, factor)
        for first in range(1, factor):
            covered = covered | _along(whole, axis, first, None, factor)
    return covered


def _along(values: npt.NDArray[Any], axis: int, first: int, last: int | None, step: int = 1) -> npt.NDArray[Any]:
    part = slice(first, last, step)
    return values[part] if axis == 0 else values[:, part]


def _extended(
    values: npt.NDArray[Any], axis: int, before: int, after: int, at_edges: tuple[bool, bool]
) -> npt.NDArray[Any]:
    shape = list(values.shape)
    shape[axis] += before + after
    wide = np.zeros(shape, values.dtype)
    _along(wide, axis, before, before + values.shape[axis])[...] = values
    if before and at_edges[0]:
        _along(wide, axis, 0, before)[...] = _along(values, axis, 0, 1)
    if after and at_edges[1]:
        _along(wide, axis, -after, None)[...] = _along(values, axis, values.shape[axis] - 1, None)
    return wide
