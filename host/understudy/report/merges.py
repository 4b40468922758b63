"""Which figures have a project's merged clips by now?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from understudy.clock import Clock
from understudy.extraction import require_extracted
from understudy.gates import MEASURES, FrameFigures, Outlier, outliers_of
from understudy.merging import ClipGates, ClipJob, chunk_files, jobs_of, merge_artifact
from understudy.progress import Progress
from understudy.project import LoadedProject
from understudy.store import WorkFolder
from understudy.teaching import learnt_by
from understudy_sdk.errors import UnderstudyError

from .figures import MergedFrame, MergedSwap, MergeReport

__all__ = ["merges_of"]

_SHARES: Final = (0.1, 0.5, 0.9)


def merges_of(work: WorkFolder, project: LoadedProject, progress: Progress) -> Iterator[MergeReport]:
    """Yield the figures of each clip of which something is merged.

    A report is for looking, so what stands in the way is told and does not end it.
    """
    for job in jobs_of(project):
        try:
            found = _merge_report(work, project, job)
        except UnderstudyError as error:
            progress.say(f"{job.clip.name}: the merge has no figures: {str(error).splitlines()[0]}")
            continue
        if found is None:
            continue
        if found.measured < found.done:
            progress.say(
                f"{job.clip.name}: {found.done - found.measured} of {found.done} merged frames were never measured; "
                f"understudy merge {project.path.name} --measure does it, without encoding anything again"
            )
        yield found


def _merge_report(work: WorkFolder, project: LoadedProject, job: ClipJob) -> MergeReport | None:
    for swap in job.swaps:
        require_extracted(work, swap.source, swap.target)
    learnt = {swap.index: learnt_by(work, swap) for swap in job.swaps}
    artifact, info = merge_artifact(work, job, project.output.video, learnt), job.info()
    chunks = chunk_files(work, artifact, job, info)
    done = [span for span, path in chunks.items() if path.is_file()]
    if not done:
        return None
    gates = ClipGates(work, job, artifact, chunks)
    frames = gates.figures()
    clock = Clock(info, job.timecode)
    return MergeReport(
        name=job.clip.name,
        output=str(job.output),
        frames=len(info.pts),
        done=sum(stop - first for first, stop in done),
        measured=sum(stop - first for first, stop in done if gates.has((first, stop))),
        whole=sum(one.is_whole for one in frames),
        outside=sum(one.outside for one in frames),
        swaps=tuple(_swaps(frames, {swap.index: f"{swap.source.name} on {swap.target.name}" for swap in job.swaps})),
        sticking_out=tuple(_sticking_out(one, clock) for one in outliers_of(frames)),
        records=tuple(str(path) for path in gates.records),
    )


def _swaps(frames: Sequence[FrameFigures], names: Mapping[int, str]) -> Iterator[MergedSwap]:
    for index, name in names.items():
        faces = [face for one in frames for face in one.faces if face.swap == index]
        spreads = {}
        for measure in MEASURES:
            values = [getattr(face, measure) for face in faces if getattr(face, measure) is not None]
            if values:
                low, median, high = map(float, np.quantile(values, _SHARES))
                spreads[measure] = (low, median, high)
        yield MergedSwap(index, name, len(faces), spreads)


def _sticking_out(one: Outlier, clock: Clock) -> MergedFrame:
    face = one.face
    return MergedFrame(
        frame=one.frame,
        timecode=clock.code(one.frame),
        measure=one.measure,
        value=one.value,
        usual=one.usual,
        score=one.score,
        swap=face.swap if face else None,
        track=face.track if face else None,
        face=face.name if face else "",
        box=face.box if face else None,
    )
