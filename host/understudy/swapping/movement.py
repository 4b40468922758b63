"""How does a face move through the frame, as its neighbours in time show it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from understudy.faceset import NO_TRACK, FaceRow
from understudy_sdk.types import F64

__all__ = ["movement_of"]

_STEADY_POINTS: Final = slice(27, 48)  # nose and eyes: what neither speaks nor lies at the edge


def movement_of(row: FaceRow, by_frame: Mapping[int, Sequence[FaceRow]]) -> tuple[float, float] | None:
    """Return how far a face moves from the frame before to the frame after, x y in px.

    Where its track begins or ends, the one step that is known counts twice.

    Args:
        row: The face.
        by_frame: All chosen faces of its frame and those beside it, at least.

    Returns:
        None where neither the frame before nor the one after shows the face, or it is on no track.
    """
    if row.track == NO_TRACK:
        return None
    before, after = (
        next((one for one in by_frame.get(frame, ()) if one.track == row.track), None)
        for frame in (row.frame - 1, row.frame + 1)
    )
    if before is None and after is None:
        return None
    way = _middle(after or row) - _middle(before or row)
    if before is None or after is None:
        way = 2 * way
    return float(way[0]), float(way[1])


def _middle(row: FaceRow) -> F64:
    return np.asarray(row.landmarks[_STEADY_POINTS].mean(axis=0, dtype=np.float64))
