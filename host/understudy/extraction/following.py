"""Which faces are in each of a few frames in a row, when the detector looks only at the first and the last?

Faces are carried on from frame to frame by the aligner: forwards from the first frame, and those that turn up at the
last one backwards from there, so that nobody arrives late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from understudy.boxes import overlap
from understudy.faceset import Origin
from understudy_sdk import Face, Frame
from understudy_sdk.types import F32

from .findings import SeenFace, extent_of

__all__ = ["Follow", "carry"]

Follow = Callable[[Frame, Sequence[Face]], list[Face | None]]
Align = Callable[[Frame, Sequence[Face]], list[Face]]

_SAME: Final = 0.2
"""A detector's box and the landmarks' extent that overlap this much (intersection over union) are one face."""

_TWICE: Final = 0.5
"""Landmarks whose extents overlap this much are one face."""


def carry(
    frames: Sequence[Frame], first: Sequence[SeenFace], last: Callable[[], Sequence[Face]], follow: Follow, align: Align
) -> list[list[SeenFace]]:
    """Return the faces of every frame of a group, the first and last ones included.

    A face that was followed up to the last frame and that the detector confirms there keeps the landmarks that it was
    followed to: aligned afresh they would jump a little at each of the detector's looks.

    Args:
        frames: Two or more in a row, of one shot.
        first: What is known of the first frame.
        last: Gives what the detector finds in the last one, without landmarks; asked once all are followed.
        follow: Finds faces of one frame in its neighbour.
        align: Places landmarks on boxes.
    """
    seen: list[list[SeenFace]] = [list(first)]
    for frame in frames[1:]:
        seen.append(_follow(frame, seen[-1], follow))
    confirmed, fresh = _confirmed(seen[-1], last())
    aligned = [SeenFace(face, Origin.FOUND) for face in (align(frames[-1], fresh) if fresh else [])]
    arrived = _without_twins(aligned, confirmed)
    seen[-1] = [*confirmed, *arrived]
    for position in range(len(frames) - 2, -1, -1):
        arrived = _without_twins(_follow(frames[position], arrived, follow), seen[position])
        if not arrived:
            break
        seen[position] += arrived
    return seen


def _follow(frame: Frame, before: Sequence[SeenFace], follow: Follow) -> list[SeenFace]:
    if not before:
        return []
    found = [face for face in follow(frame, [one.face for one in before]) if face is not None]
    kept: list[SeenFace] = []
    for face in found:  # two that ran into one face stay one
        kept += _without_twins([SeenFace(face, Origin.FOLLOWED)], kept)
    return kept


def _confirmed(followed: Sequence[SeenFace], boxes: Sequence[Face]) -> tuple[list[SeenFace], list[Face]]:
    """Return the followed faces, as found where the detector finds them too, and the boxes of nobody followed."""
    confirmed, fresh = list(followed), list[Face]()
    for box in boxes:
        alike = [overlap(box.box, _place(one.face)) for one in confirmed]
        best = max(range(len(alike)), key=alike.__getitem__, default=-1)
        if best < 0 or alike[best] < _SAME:
            fresh.append(box)
        elif confirmed[best].origin is not Origin.FOUND:
            found = replace(confirmed[best].face, box=box.box, score=box.score, eyes=box.eyes)
            confirmed[best] = SeenFace(found, Origin.FOUND)
    return confirmed, fresh


def _without_twins(faces: Sequence[SeenFace], others: Sequence[SeenFace]) -> list[SeenFace]:
    return [one for one in faces if all(overlap(_place(one.face), _place(other.face)) <= _TWICE for other in others)]


def _place(face: Face) -> F32:
    """Return the box around the landmarks: detectors and aligners draw their boxes by other rules."""
    return np.array(extent_of(face), np.float32)
