"""Which layers are made while a clip is merged, and how far are they?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.layers import (
    LayerMaker,
    LayerPlan,
    finish_layer,
    is_finished,
    is_there,
    layers_of,
    missing_layers,
)
from understudy.progress import Progress
from understudy.project import LoadedProject
from understudy.store import Artifact, WorkFolder

from .jobs import ClipJob, marking_of, payload_of
from .recipe import chunk_files

__all__ = ["ClipLayers"]


class ClipLayers:
    """The layers that a project asks for of one clip, and their chunks, which are those of the clip.

    Attributes:
        plans: The layers, the lowest first.
        artifacts: Where each keeps its chunks.
    """

    def __init__(self, work: WorkFolder, project: LoadedProject, job: ClipJob, merged: Artifact) -> None:
        """Take the work folder, the project, the clip, and the place of its merged chunks."""
        self._project, self._job = project, job
        found = layers_of(work, project, job, merged.recipe)
        self.plans: tuple[LayerPlan, ...] = tuple(plan for plan, _ in found)
        self.artifacts: tuple[Artifact, ...] = tuple(artifact for _, artifact in found)
        self._info = job.info()
        chunks = chunk_files(work, merged, job, self._info) if found else {}
        self._stems = {span: path.stem for span, path in chunks.items()}

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Everything that is handed over."""
        return tuple(path for plan in self.plans for path in plan.outputs)

    def missing(self, chunk: Path) -> list[LayerPlan]:
        """Return the layers that lack a chunk of the clip."""
        return missing_layers(self.plans, chunk.stem)

    def makers(self, chunk: Path) -> tuple[LayerMaker, ...]:
        """Return what makes the missing layers of a chunk while it is merged."""
        for artifact in self.artifacts:
            artifact.prepare()
        return tuple(LayerMaker(plan, chunk.stem) for plan in self.missing(chunk))

    def drop_old(self) -> None:
        """Delete chunks of faces as they were before."""
        stems = set(self._stems.values())
        for artifact in self.artifacts:
            for old in artifact.folder.glob("chunk-*"):
                if old.name.partition(".")[0] not in stems:
                    old.unlink()

    def finish(self, progress: Progress) -> None:
        """Make everything that is handed over of chunks that are all there, where it is not in place."""
        about = marking_of(self._project, self._job), payload_of(self._job)
        stems = list(self._stems.values())
        for plan in self.plans:
            if not is_finished(plan, stems, self._project, about[0]):
                finish_layer(plan, stems, self._info, self._project, self._job, about, progress.say)

    def progress(self) -> Sequence[tuple[Artifact, int, int, bool]]:
        """Return of every layer its place, the frames done, all frames, and whether it is in place."""
        tags = marking_of(self._project, self._job)
        rows = []
        for plan, artifact in zip(self.plans, self.artifacts, strict=True):
            done = sum(stop - first for (first, stop), stem in self._stems.items() if is_there(plan, stem))
            total = len(self._info.pts)
            is_whole = done == total and is_finished(plan, list(self._stems.values()), self._project, tags)
            rows.append((artifact, done, total, is_whole))
        return rows
