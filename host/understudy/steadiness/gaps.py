"""Where was a face in the frames of its track in which nobody saw it?

Where the face lies as a whole is a cubic over time, fitted to the frames on both sides of the gap and then bent to meet
its ends; the points within the face go straight from one end to the other. Ends of tracks are not prolonged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, InvalidValueError
from understudy_sdk.types import F32, F64

from .parts import placings_of, sides_of, to_frame, to_local

__all__ = ["SUPPORT_S", "fill_gaps"]

SUPPORT_S: Final = 0.2
"""How far beyond a gap's ends, in seconds, faces have a say in how it is filled."""

_FEWEST: Final = 2  # faces on each side that a cubic needs; with fewer the path is straight
_SLACK_S: Final = 1e-6  # times are rounded; a gap as long as the longest is still filled


def fill_gaps(times_s: F64, faces: Sequence[Face], missing_s: F64, *, max_gap_s: float) -> list[Face | None]:
    """Return the faces of a track at times at which it has none.

    Args:
        times_s: float64 (T,), ascending, of the frames in which the track has a face.
        faces: T faces with landmarks; one track, without a cut in it.
        missing_s: float64 (N,), of the frames in which it has none.
        max_gap_s: The longest time from a gap's last face before to its first face after, in seconds.

    Returns:
        N faces of score 0, with a mesh where both of the gap's ends have one; None before the track's first face,
        after its last, at the very time of one, and in gaps that are too long.
    """
    if len(times_s) != len(faces) or not (np.diff(times_s) > 0.0).all():
        raise InvalidValueError("times of a track", f"{len(times_s)} for {len(faces)} faces", "one each, ascending")
    following = np.searchsorted(times_s, missing_s, side="right")
    filled: list[Face | None] = [None] * len(missing_s)
    for after in np.unique(following[(following > 0) & (following < len(times_s))]):
        before = after - 1
        wanted = np.flatnonzero((following == after) & (missing_s > times_s[before]))
        if len(wanted) and times_s[after] - times_s[before] <= max_gap_s + _SLACK_S:
            for place, face in zip(wanted, _fill(times_s, faces, int(before), missing_s[wanted]), strict=True):
                filled[place] = face
    return filled


def _fill(times_s: F64, faces: Sequence[Face], before: int, at_s: F64) -> list[Face]:
    """Return the faces between the one at ``before`` and its successor."""
    first, second = faces[before], faces[before + 1]
    low = int(np.searchsorted(times_s, times_s[before] - SUPPORT_S, side="left"))
    high = int(np.searchsorted(times_s, times_s[before + 1] + SUPPORT_S, side="right"))
    near = placings_of(np.stack([_landmarks(face) for face in faces[low:high]]))
    placings = _path(times_s[low:high], near, before - low, at_s)
    ends = near[before - low : before - low + 2]
    share = (at_s - times_s[before]) / (times_s[before + 1] - times_s[before])
    landmarks = _between(np.stack([_landmarks(first), _landmarks(second)]), ends, share, placings)
    boxes = _boxes_between(np.stack([first.box, second.box]), ends, share, placings)
    meshes: F32 | None = None
    if first.mesh is not None and second.mesh is not None:
        meshes = _between(np.stack([first.mesh, second.mesh]), ends, share, placings)
    return [
        Face(boxes[place], 0.0, landmarks=landmarks[place], mesh=None if meshes is None else meshes[place])
        for place in range(len(at_s))
    ]


def _path(times_s: F64, placings: F64, before: int, at_s: F64) -> F64:
    """Return float64 (N, 4): placings within the gap after position ``before`` of those known (T, 4)."""
    start, length = times_s[before], times_s[before + 1] - times_s[before]
    known, wanted = (times_s - start) / length, (at_s - start) / length  # the gap is 0 to 1
    has_sides = before + 1 >= _FEWEST and len(times_s) - before - 1 >= _FEWEST
    powers = np.arange(4 if has_sides else 2)
    fitted = known if has_sides else known[before : before + 2]
    values = placings if has_sides else placings[before : before + 2]
    away = np.maximum(np.maximum(-fitted, fitted - 1.0), 0.0) * length / SUPPORT_S  # 0 at the ends, 1 at the reach
    weights = 1.0 - 0.9 * np.minimum(away, 1.0)
    curve, *_ = np.linalg.lstsq(weights[:, None] * fitted[:, None] ** powers, weights[:, None] * values, rcond=None)
    missed = placings[before : before + 2] - np.array([[0.0], [1.0]]) ** powers @ curve
    straight = (1.0 - wanted)[:, None] * missed[0] + wanted[:, None] * missed[1]
    return np.asarray(wanted[:, None] ** powers @ curve + straight, np.float64)


def _between(points: npt.NDArray[np.floating], ends: F64, share: F64, placings: F64) -> F32:
    """Return float32 (N, P, D): points that lie within the face as between both ends (2, P, D), placed."""
    local = to_local(ends, points)
    return to_frame(placings, local[0] + share[:, None, None] * (local[1] - local[0])).astype(np.float32)


def _boxes_between(boxes: F32, ends: F64, share: F64, placings: F64) -> F32:
    """Return float32 (N, 4): upright boxes that keep their place around the face between both ends (2, 4)."""
    sides, side = sides_of(ends)[:, None], sides_of(placings)[:, None]
    own = (boxes - np.tile(ends[:, 2:], 2)) / sides
    return np.asarray((own[0] + share[:, None] * (own[1] - own[0])) * side + np.tile(placings[:, 2:], 2), np.float32)


def _landmarks(face: Face) -> F32:
    assert face.landmarks is not None
    return face.landmarks
