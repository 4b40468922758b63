"""How is one combination made and measured?"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from understudy.cancelling import Cancel, StoppingProgress
from understudy.compared import remember
from understudy.errors import Cancelled, StoreError
from understudy.extraction import faceset_artifact, findings_artifact
from understudy.learning import faces_stamp, swap_artifact
from understudy.merging import ClipJob, jobs_of, merge_artifact
from understudy.phases import resources_for, run
from understudy.predicting import answers_of
from understudy.progress import Progress
from understudy.project import ChosenSwap, LoadedProject
from understudy.quality.result import result_of
from understudy.quality.watching import look_of
from understudy.store import Artifact, WorkFolder, digest
from understudy.teaching import learnt_by
from understudy.tuning import rendered_frames
from understudy.video import probe
from understudy_sdk import UnderstudyError

from .axes import Combination
from .faces_found import found_figures
from .frames import Span
from .records import Record, read_record, write_record
from .sampling import Sample
from .stopwatch import PeakMemory, extraction_seconds, merging_seconds
from .variants import Variants
from .views import views_of

__all__ = ["Maker"]

_FORMAT: Final = 1
_EXTRACTION: Final = ("detector", "aligner", "masker")
_TRAINING: Final = (*_EXTRACTION, "model")


@dataclass(slots=True)
class Maker:
    """Makes combinations of one project, each after what it shares with others.

    Attributes:
        project: The project as it stands.
        variants: Gives its variants.
        clip: The clip of which frames are compared.
        spans: Those frames.
        progress: Hears how far it is.
        cancel: Stops the work.
        shown: Every swap that some combination shows, by what tells it from others.
    """

    project: LoadedProject
    variants: Variants
    clip: Path
    spans: Sequence[Span]
    progress: Progress
    cancel: Cancel
    shown: dict[str, ChosenSwap] = field(default_factory=dict)
    _failed: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)
    _seconds: dict[str, dict[str, float]] = field(default_factory=dict)

    def record(self, combination: Combination) -> Record:
        """Return a combination, made if it is not there.

        Raises:
            Cancelled: It was asked to stop; what is finished is kept.
            UnderstudyError: It cannot work; says why.
        """
        self.cancel.check()
        for shared in (combination.part(*_EXTRACTION), combination.part(*_TRAINING)):
            if (why := self._failed.get(shared)) is not None:
                raise UnderstudyError(why)
        variant = self.variants.variant(combination)
        self._prepare(variant, combination)
        job = _job(variant, self.clip)
        artifact = self._artifact(variant, job, combination)
        found = read_record(artifact) or self._made(variant, job, artifact)
        timed = {name: found.figures[name] for name in ("detect_s", "align_s", "mask_s") if name in found.figures}
        self._seconds.setdefault(_extraction_key(variant, job), timed)
        self.shown |= {digest([swap.index, swap.model.recipe(), swap.merger.recipe()]): swap for swap in job.swaps}
        return found

    def _prepare(self, variant: LoadedProject, combination: Combination) -> None:
        """Extract and train what is not there; a failure is that of all combinations that share it."""
        work = WorkFolder(variant.work)
        own = {artifact.folder for artifact in _shared(work, self.project)}
        work.prepare()
        remember(work, {artifact.folder for artifact in _shared(work, variant)} - own, combination.label)
        for phase, axes in (("extract", _EXTRACTION), ("train", _TRAINING)):
            try:
                run(variant, phases=(phase,), progress=self.progress, cancel=self.cancel)
            except (Cancelled, StoreError):
                raise
            except UnderstudyError as error:
                self._failed[combination.part(*axes)] = str(error)
                raise

    def _artifact(self, variant: LoadedProject, job: ClipJob, combination: Combination) -> Artifact:
        work = WorkFolder(variant.work)
        learnt = {swap.index: learnt_by(work, swap) for swap in job.swaps}
        merged = merge_artifact(work, job, variant.output.video, learnt).recipe
        recipe = {
            "format": _FORMAT,
            "clip": merged["clip"],
            "swaps": merged["swaps"],
            "source": [swap_artifact(work, swap).key for swap in job.swaps],
            "faces": [faces_stamp(work, swap.target, swap.face) for swap in job.swaps],
            "spans": self.spans,
        }
        return work.artifact("compare", combination.label, recipe)

    def _made(self, variant: LoadedProject, job: ClipJob, artifact: Artifact) -> Record:
        work, info, resources = WorkFolder(variant.work), probe(job.clip), resources_for(variant)
        progress = StoppingProgress(self.progress, self.cancel)
        remember(work, _answers(work, job) - _answers(work, _job(self.project, self.clip)), artifact.name)
        views = views_of(work, job, info, self.spans)
        sample = Sample(views)
        progress.say(f"comparing {artifact.name}")
        with PeakMemory(resources.device) as peak:
            for frame in rendered_frames(variant, sorted(views), progress, clip=job.clip):
                sample.add(frame)
            timed = merging_seconds(work, job, sample.laid, resources)
        key = _extraction_key(variant, job)
        if key not in self._seconds:
            self._seconds[key] = extraction_seconds(job, info, sorted(views), resources)
        figures = found_figures(work, job) | sample.figures(look_of(job.swaps[0], resources, progress))
        figures |= self._rebuilt(work, job, variant) | self._seconds[key] | timed | peak.figures()
        steps = tuple(int(learnt[0]) if (learnt := learnt_by(work, swap)) else 0 for swap in job.swaps)
        return write_record(artifact, steps, figures, views, sample.tiles)

    def _rebuilt(self, work: WorkFolder, job: ClipJob, variant: LoadedProject) -> dict[str, float]:
        """Return how well models rebuild faces that they have not learnt from."""
        progress, found = StoppingProgress(self.progress, self.cancel), list[float]()
        for swap in job.swaps:
            result = result_of(work, swap, resources_for(variant), progress)
            measures = result.measures if result else {}
            found += [measures[name] for name in ("haarpsi_source", "haarpsi_target") if name in measures]
        return {"reconstruction": float(np.mean(found))} if found else {}


def _job(project: LoadedProject, clip: Path) -> ClipJob:
    return next(job for job in jobs_of(project) if job.clip == clip)


def _shared(work: WorkFolder, project: LoadedProject) -> list[Artifact]:
    """Return the results that a project's merging rests on."""
    facesets = {side.name: side for swap in project.swaps for side in (swap.source, swap.target) if side.faces is None}
    made = [artifact(work, side) for side in facesets.values() for artifact in (findings_artifact, faceset_artifact)]
    return [*made, *(swap_artifact(work, swap) for swap in project.swaps)]


def _answers(work: WorkFolder, job: ClipJob) -> set[Path]:
    """Return where the answers of a clip's models lie, as far as that is known."""
    found = set()
    for swap in job.swaps:
        with contextlib.suppress(UnderstudyError):  # not extracted yet, so there are none
            found.add(answers_of(work, job.clip, swap).artifact.folder)
    return found


def _extraction_key(project: LoadedProject, job: ClipJob) -> str:
    return digest(faceset_artifact(WorkFolder(project.work), job.swaps[0].target).recipe)
