"""Which boxes does the network's output mean?

Everything here is in units of the network's picture: 0 is its left or top edge, 1 its right or bottom edge.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

FULL_GRIDS: Final = ((48, 1),)
"""Full range: cells a side of the anchor grid, and anchors in each cell; 2304 in all."""

SHORT_GRIDS: Final = ((16, 2), (8, 6))
"""Short range: 896 anchors; three equal layers of two anchors share the coarse grid."""

KEYPOINTS: Final = 6
"""Right eye, left eye (the subject's), nose, mouth, right ear, left ear."""


_NESTED: Final = 0.6
"""Share of the smaller box inside the larger one from which the two are one face."""


class Found(NamedTuple):
    """Faces found in one picture, best score first.

    Attributes:
        boxes: float32 (N, 4), x0 y0 x1 y1.
        points: float32 (N, 6, 2), x y of the keypoints.
        scores: float32 (N,), 0 to 1.
    """

    boxes: F32
    points: F32
    scores: F32


def anchor_centres(grids: tuple[tuple[int, int], ...]) -> F32:
    """Return the anchors' centres, x y, float32 (A, 2), row by row; all anchors of a cell share its centre."""
    layers = []
    for cells, anchors in grids:
        middles = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) / np.float32(cells)
        y, x = np.meshgrid(middles, middles, indexing="ij")
        layers.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), anchors, axis=0))
    return np.concatenate(layers)


def decode(raw: F32, logits: F32, anchors: F32, side: int, min_score: float) -> Found:
    """Return the faces that score enough, overlapping ones not yet joined.

    Args:
        raw: float32 (A, 16): box centre x y, width, height, then six keypoints x y; px from the anchor's centre.
        logits: float32 (A,), before the sigmoid.
        anchors: float32 (A, 2), the anchors' centres.
        side: Of the network's picture in px.
        min_score: Weaker faces are dropped.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80, dtype=np.float32)))
    chosen = np.flatnonzero(scores >= min_score)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    values = raw[chosen].reshape(-1, 2 + KEYPOINTS, 2) / np.float32(side)  # (N, 8, 2): centre, size, keypoints
    centre, half = values[:, 0] + anchors[chosen], values[:, 1] / 2
    is_box = (half > 0).all(axis=1)
    points = values[:, 2:] + anchors[chosen, np.newaxis]
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    return Found(boxes[is_box], points[is_box], scores[chosen][is_box])


def overlap(box: F32, boxes: F32) -> F32:
    """Return the intersection over union of one box (4,) with each of many (N, 4)."""
    common, own, areas = _areas(box, boxes)
    return np.asarray(common / (own + areas - common), np.float32)


def nesting(box: F32, boxes: F32) -> F32:
    """Return the intersection over the smaller area of one box (4,) with each of many (N, 4)."""
    common, own, areas = _areas(box, boxes)
    return np.asarray(common / np.minimum(own, areas), np.float32)


def _areas(box: F32, boxes: F32) -> tuple[F32, F32, F32]:
    """Return the areas that the box shares with each of the others, its own and theirs."""
    extent = np.clip(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None)
    return extent.prod(axis=1), np.prod(box[2:] - box[:2]), (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)


def join(found: Found, iou: float) -> Found:
    """Make one face of those that overlap: the best score's, its place averaged over them by score.

    Averaging ("blending" in BlazeFace's paper) takes away most of the jitter between frames that picking the best
    one alone would leave.

    Args:
        found: Best score first.
        iou: Boxes that overlap the best one more than this belong to it.
    """
    boxes, points, scores = found
    kept: list[tuple[F32, F32, np.float32]] = []
    while len(scores):
        same = overlap(boxes[0], boxes) > iou
        same[0] = True
        share = scores[same] / scores[same].sum()
        kept.append((share @ boxes[same], np.tensordot(share, points[same], 1), scores[0]))
        boxes, points, scores = boxes[~same], points[~same], scores[~same]
    if not kept:
        return found
    return Found(*(np.stack(column) for column in zip(*kept, strict=True)))


def best_of(found: Found, iou: float) -> Found:
    """Drop every face that overlaps a better one: for faces that several searches found, at several resolutions.

    A box that lies mostly inside a better one, or around it, is the same face: a search of the whole frame draws the
    boxes of small faces far too large.

    Args:
        found: In any order.
        iou: Boxes that overlap more than this are the same face.
    """
    kept: list[int] = []
    for index in np.argsort(-found.scores, kind="stable"):
        box, better = found.boxes[index], found.boxes[kept]
        if not kept or (overlap(box, better).max() <= iou and nesting(box, better).max() <= _NESTED):
            kept.append(int(index))
    return Found(found.boxes[kept], found.points[kept], found.scores[kept])
