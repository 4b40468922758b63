"""How do chosen frames of a variant come to be, without the clip being encoded?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.learning import chosen_faces
from understudy.matrix_threads import one_blas_thread
from understudy.merging import ClipJob
from understudy.merging.chunks import ChunkMerger
from understudy.merging.orders import Chunk, ClipOrder, swap_orders
from understudy.merging.predictions import NeededAnswers
from understudy.predicting import answers_of
from understudy.progress import Progress
from understudy.project import LoadedProject
from understudy.selection import wanted_faces
from understudy.store import WorkFolder
from understudy.video import ClipInfo, ClipReader, encoding_for, fingerprint, probe
from understudy_sdk import Resources
from understudy_sdk.types import F32, U8

from .frames import Span
from .sampling import Sample, View, tile_of

__all__ = ["render", "target_tiles", "views_of"]

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


def render(
    work: WorkFolder,
    project: LoadedProject,
    job: ClipJob,
    spans: Sequence[Span],
    sample: Sample,
    progress: Progress,
    resources: Resources,
) -> None:
    """Merge spans of a clip's frames, and let a sample take them; answers of models are kept, as a merge keeps them."""
    info = probe(job.clip)
    kept = [answers_of(work, job.clip, swap) for swap in job.swaps]
    needed = NeededAnswers(work, job, info, kept, spans, progress)
    orders = swap_orders(work, job, info, kept, spans)
    order = ClipOrder(job.clip, info, orders, encoding_for(project.output.video, info), resources.device)
    with one_blas_thread(), ChunkMerger(order, resources) as merger:
        for _ in needed.made(resources, lambda _: None):
            progress.advance(0)  # a place to stop at
        for span in spans:
            merger.merge(Chunk(span, None, (_Given(sample),)), progress)


@dataclass(frozen=True, slots=True)
class _Given:
    """Makes the taker of a chunk: one for all."""

    sample: Sample

    def taker(self, span: Span, info: ClipInfo) -> Sample:  # noqa: ARG002 - it takes any
        """Return the sample."""
        return self.sample


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
