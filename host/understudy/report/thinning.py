"""How does a long curve become one of few points that looks the same?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F64

__all__ = ["MOST_POINTS", "columns_of", "thinned"]

MOST_POINTS: Final = 1500
"""Points that a curve keeps at most."""


def thinned(xs: F64, ys: F64, most: int = MOST_POINTS) -> tuple[F64, F64]:
    """Return a curve of at most ``most`` points with the same peaks and dips, float64 (N,) both.

    The points go into parts of equal number; each part keeps its least and its greatest value, and one break, a NaN,
    where it has any.

    Args:
        xs: float64 (T,), ascending.
        ys: float64 (T,); NaN breaks the line.
        most: At least 3.
    """
    if len(xs) <= most:
        return xs, ys
    kept = set[int]()
    for part in np.array_split(np.arange(len(xs)), max(most // 3, 1)):
        known = np.isfinite(ys[part])
        kept.update(part[~known][:1].tolist())
        if known.any():
            values = ys[part][known]
            kept.update(part[known][[int(values.argmin()), int(values.argmax())]].tolist())
    places = np.array(sorted(kept))
    return xs[places], ys[places]


def columns_of(is_set: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches of columns that are set: the first of each and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_set, [False]]).astype(np.int8)))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]
