"""Which faces are in each of a few frames in a row, when the detector looks only at the first and the last?

Faces are carried on from frame to frame by the aligner: forwards from the first frame, and those that turn up at the
last one backwards from there, so that nobody arrives late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from understudy.faceset import Origin
from understudy_sdk import Face, Frame
from understudy_sdk.types import F32

from .findings import SeenFace

__all__ = ["Follow", "carry", "overlap"]

Follow = Callable[[Frame, Sequence[Face]], list[Face | None]]

_SAME: Final = 0.3
"""Boxes of neighbouring frames that overlap this much (intersection over union) are one face."""

_TWICE: Final = 0.5
"""Boxes of one frame that overlap this much are one face."""


def carry(
    frames: Sequence[Frame], first: Sequence[SeenFace], last: Sequence[SeenFace], follow: Follow
) -> list[list[SeenFace]]:
    """Return the faces of every frame of a group, the first and last ones included.

    Args:
        frames: Two or more in a row, of one shot.
        first: What is known of the first frame.
        last: What the detector finds in the last one.
        follow: Finds faces of one frame in its neighbour.
    """
    seen: list[list[SeenFace]] = [list(first), *([] for _ in frames[1:])]
    for position in range(1, len(frames) - 1):
        seen[position] = _follow(frames[position], seen[position - 1], follow)
    met = _unmatched(seen[-2], last)
    lost = _follow(frames[-1], met, follow) if met else []
    seen[-1] = [*last, *_without_twins(lost, last)]  # the detector missed them for once, or they are no faces
    arrived = _unmatched(last, seen[-2])
    for position in range(len(frames) - 2, -1, -1):
        arrived = _without_twins(_follow(frames[position], arrived, follow), seen[position])
        if not arrived:
            break
        seen[position] += arrived
    return seen


def overlap(one: F32, other: F32) -> float:
    """Return the intersection over union of two boxes (4,)."""
    extent = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(extent[0] * extent[1])
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return common / (areas - common)


def _follow(frame: Frame, before: Sequence[SeenFace], follow: Follow) -> list[SeenFace]:
    if not before:
        return []
    found = [face for face in follow(frame, [one.face for one in before]) if face is not None]
    kept: list[SeenFace] = []
    for face in found:  # two that ran into one face stay one
        kept += _without_twins([SeenFace(face, Origin.FOLLOWED)], kept)
    return kept


def _unmatched(faces: Sequence[SeenFace], others: Sequence[SeenFace]) -> list[SeenFace]:
    return [one for one in faces if all(overlap(_place(one.face), _place(other.face)) <= _SAME for other in others)]


def _without_twins(faces: Sequence[SeenFace], others: Sequence[SeenFace]) -> list[SeenFace]:
    return [one for one in faces if all(overlap(_place(one.face), _place(other.face)) <= _TWICE for other in others)]


def _place(face: Face) -> F32:
    """Return the box around the landmarks: detectors and aligners draw their boxes by other rules."""
    assert face.landmarks is not None
    return np.concatenate([face.landmarks.min(axis=0), face.landmarks.max(axis=0)])
