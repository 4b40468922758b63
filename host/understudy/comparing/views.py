"""What do pictures show of the compared frames, and what does the clip itself show there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.learning import chosen_faces
from understudy.merging import ClipJob
from understudy.selection import wanted_faces
from understudy.store import WorkFolder
from understudy.video import ClipInfo, ClipReader, fingerprint
from understudy_sdk.types import F32, U8

from .frames import Span
from .sampling import View, tile_of

__all__ = ["target_tiles", "views_of"]

_AROUND = 1.9
"""Side of a view, in sides of the face's box."""


def views_of(work: WorkFolder, job: ClipJob, info: ClipInfo, spans: Sequence[Span]) -> dict[int, View]:
    """Return what pictures show of each frame: the largest chosen face of its span, or the whole frame without one."""
    views: dict[int, View] = {}
    key = fingerprint(job.clip)
    for first, stop in spans:
        boxes = []
        for swap in job.swaps:
            with Faceset(faceset_artifact(work, swap.target).folder) as index:
                rows = chosen_faces(index.rows(key, first, stop), wanted_faces(index, swap.target, swap.face))
            boxes += [row.face.box for row in rows]
        views |= dict.fromkeys(range(first, stop), _view(boxes, info))
    return views


def target_tiles(job: ClipJob, info: ClipInfo, views: Mapping[int, View]) -> dict[int, U8]:
    """Return what the clip itself shows in some frames."""
    tiles = {}
    with ClipReader(job.clip, info) as reader:
        for number, view in views.items():
            for frame in reader.frames(number, number + 1):
                tiles[number] = tile_of(frame.frame().rgb, view)
    return tiles


def _view(boxes: Sequence[F32], info: ClipInfo) -> View:
    if not boxes:
        side, middle = max(info.width, info.height), (info.width / 2, info.height / 2)
    else:
        largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        near = [box for box in boxes if abs(box[0] - largest[0]) < largest[2] - largest[0]]
        x0, y0 = np.min([box[:2] for box in near], axis=0)
        x1, y1 = np.max([box[2:] for box in near], axis=0)
        side, middle = max(x1 - x0, y1 - y0) * _AROUND, ((x0 + x1) / 2, (y0 + y1) / 2)
    half = max(round(side / 2), 8)
    left, top = round(middle[0]) - half, round(middle[1]) - half
    return left, top, left + 2 * half, top + 2 * half
