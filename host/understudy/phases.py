"""What is done, what is missing, and how is it made: the three phases of a project in order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from understudy_sdk import Resources
from understudy_sdk.errors import UnderstudyError

from .cancelling import Cancel, StoppingProgress
from .compared import remembered
from .devices import resolve_device
from .errors import RequestError
from .extraction import (
    check_clips,
    check_unchanging,
    extract_faceset,
    faceset_artifact,
    faceset_progress,
    findings_artifact,
    replaced_clips,
    require_extracted,
    settle_people,
)
from .gates import gates_artifact
from .layers import check_layers
from .learning import swap_artifact
from .lock import locked
from .merging import (
    ClipGates,
    ClipJob,
    ClipLayers,
    MergeWay,
    check_people,
    check_times,
    chunk_files,
    jobs_of,
    marking_of,
    merge_artifact,
    merge_clip,
    merge_progress,
    overlap_text,
)
from .plugin_record import PluginRecord
from .predicting import answers_name, answers_of, predict_artifact
from .processes import place_of
from .progress import Progress
from .project import PAID, ChosenFaceset, ChosenSwap, LoadedProject, only_for_paid_work
from .store import PHASES, Artifact, WorkFolder, folder_bytes
from .teaching import follow_training, learnt_by, newest_step, teach
from .video import check_destination, check_encoding, check_folder, check_mergeable, encoding_for
from .weights import WeightCache

if TYPE_CHECKING:
    from .training.parallel import Crew

__all__ = ["Garbage", "PhaseStatus", "RunResult", "clean", "clean_plan", "resources_for", "run", "status"]

State = Literal["done", "partial", "stale", "missing"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run leaves.

    Attributes:
        outputs: The merged clips, empty where the merge phase was not asked for.
        layers: What a compositor gets beside them: layers, masks and matrices, in the order of the clips.
    """

    outputs: tuple[Path, ...]
    layers: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """How far one result is.

    Attributes:
        phase: ``extract``, ``train``, ``predict`` or ``merge``.
        name: The faceset, the swap or the clip.
        state: ``stale`` where a result exists, but of other settings or inputs.
        done: Frames, steps or faces done.
        total: Frames, steps or faces in all.
        why: The changed keys where it is stale, or what is missing.
    """

    phase: str
    name: str
    state: State
    done: int
    total: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Garbage:
    """A result that the project as it stands does not use.

    Attributes:
        path: Its folder.
        bytes: What deleting it frees.
        why: Why it is not used.
    """

    path: Path
    bytes: int
    why: str


def resources_for(project: LoadedProject) -> Resources:
    """Return what stages are lent: the device, which is checked, the weights and the threads.

    Raises:
        DeviceError: When the device is not on this machine.
        RequestError: When several processes learn together and the project names one device for all.
    """
    place = place_of()
    device = place.device(resolve_device(project.device))
    find = WeightCache().find
    weights = only_for_paid_work(find) if project.licence == PAID else find
    return Resources(resolve_device(device), weights, max((os.cpu_count() or 1) // place.count, 1))


def run(
    project: LoadedProject,
    *,
    phases: Sequence[str] = PHASES,
    progress: Progress,
    for_s: float | None = None,
    cancel: Cancel | None = None,
    jobs: int | None = 1,
    measure: bool = False,
) -> RunResult:
    """Do what is missing of the given phases, and return the merged clips.

    Under torchrun the first process does so, and the others learn with it.

    Args:
        project: What to do.
        phases: Which of ``extract``, ``train`` and ``merge``.
        progress: Hears how far it is.
        for_s: After so many seconds training ends early, its state saved; None sets no end.
        cancel: Once it is set, the run stops: a training after its step, which is saved; all else after the frames
            that are in work, whose chunk is made again another time.
        jobs: How many processes merge chunks of a clip: 1 is this one alone, None as many as the machine is good for.
            A program that asks for several must not do so while its main module is imported, for they import it too.
        measure: Whether finished clips pass once more where their frames were not measured while they were merged.

    Raises:
        Cancelled: ``cancel`` was set.
        UnderstudyError: Whatever stops it; what was finished is kept, and another run goes on from there.
    """
    place, end_s = place_of(), None if for_s is None else time.monotonic() + for_s
    job = _Job(
        WorkFolder(project.work), project, progress, end_s, cancel=cancel or Cancel(), jobs=jobs, measure=measure
    )
    if place.count == 1:
        return _run(job, phases)
    from .training.parallel import Crew  # noqa: PLC0415 - brings torch

    resources = resources_for(project)
    with Crew(place, resources.device) as crew:
        if place.is_first:
            return _run(replace(job, crew=crew), phases)
        _follow(project, replace(resources, parallel=crew.parallel), crew)
        return RunResult(())


@dataclass(frozen=True, slots=True)
class _Job:
    """What a run is about; ``crew`` are the processes that learn with this one."""

    work: WorkFolder
    project: LoadedProject
    progress: Progress
    end_s: float | None = None
    crew: Crew | None = None
    cancel: Cancel = field(default_factory=Cancel)
    jobs: int | None = 1
    measure: bool = False

    def is_over(self) -> bool:
        """Tell whether a training is to end: it was asked to, or the time given is over."""
        return self.cancel.is_set() or (self.end_s is not None and time.monotonic() >= self.end_s)

    @property
    def stopping(self) -> Progress:
        """What hears how far work is that can be stopped at any time."""
        return StoppingProgress(self.progress, self.cancel)


def _run(job: _Job, phases: Sequence[str]) -> RunResult:
    work, project, progress = job.work, job.project, job.stopping
    job.cancel.check()
    jobs = jobs_of(project)
    if "merge" in phases:
        _check_merge(project, jobs)
    if "extract" in phases:
        for faceset in _used_facesets(project):
            check_clips(faceset)
    work.prepare()
    with locked(project.work, f"working on {project.path.name}"):
        _note_plugins(project, progress)
        if "extract" in phases:
            for faceset in _used_facesets(project):
                _extract(work, project, faceset, progress)
        if "merge" in phases:  # before training: only now it is known of every frame
            check_people(project, work)
            _check_found(work, jobs, phases, progress)
            _check_helpers(job)
        if "train" in phases:
            for swap in project.swaps:
                job.cancel.check()
                if not job.is_over():
                    _train(job, swap)
        merged = [_merge(job, one) for one in jobs] if "merge" in phases else []
    return RunResult(tuple(output for output, _ in merged), tuple(path for _, layers in merged for path in layers))


def status(project: LoadedProject) -> tuple[PhaseStatus, ...]:
    """Return how far every result of the project is, in the order of the phases."""
    work = WorkFolder(project.work)
    found = []
    for faceset in _used_facesets(project):
        artifact = faceset_artifact(work, faceset)
        done, total, _ = faceset_progress(artifact, faceset)
        found.append(_status(work, project, artifact, (done, total), is_done=done == total))
    for swap in project.swaps:
        artifact = swap_artifact(work, swap)
        done, total = newest_step(artifact), swap.iterations
        if total:
            found.append(_status(work, project, artifact, (min(done, total), total), is_done=done >= total))
    jobs = jobs_of(project)
    found += [_predict_status(work, project, job.clip, swap) for job in jobs for swap in job.swaps]
    return (*found, *(row for job in jobs for row in _merge_status(work, project, job)))


def clean_plan(project: LoadedProject) -> tuple[Garbage, ...]:
    """Return the results in the work folder that the project as it stands does not use; nothing is deleted."""
    work = WorkFolder(project.work)
    current = {artifact.folder for artifact in _current(work, project)}
    begun_with = [swap.start_from for swap in project.swaps if swap.start_from]
    compared = remembered(work)
    return tuple(
        Garbage(folder, folder_bytes(folder), _why_unused(phase, compared.get(folder)))
        for phase in PHASES
        for folder in work.folders(phase)
        if folder not in current and not any(folder in start.parents for start in begun_with)
    )


def clean(project: LoadedProject, plan: Sequence[Garbage]) -> int:
    """Delete what a plan lists, and return how many bytes were freed."""
    work = WorkFolder(project.work)
    with locked(project.work, f"cleaning {project.path.name}"):
        for garbage in plan:
            work.remove(garbage.path)
    return sum(garbage.bytes for garbage in plan)


def _why_unused(phase: str, compared: str | None) -> str:
    """Say why a result is not used; ``compared`` is the combination that it was made for, if it was."""
    if phase == "compare":
        return "figures and pictures of a comparison"
    reasons = {
        "find": "other detector or aligner",
        "extract": "other detector, aligner, masker or crops",
        "train": "other model, settings or facesets",
        "predict": "other training, model or faces",
    }
    why = f"made with {reasons.get(phase, 'other training, merger or encoder')}"
    return f"{why}, for the comparison of {compared}" if compared else why


def _note_plugins(project: LoadedProject, progress: Progress) -> None:
    """Tell which plugins are other versions than at the last run, and write down what they are now."""
    record = PluginRecord(project.work)
    for text in record.changes(project.offers):
        progress.say(text)
    record.write(project.offers)


def _used_facesets(project: LoadedProject) -> list[ChosenFaceset]:
    used = {side.name for swap in project.swaps for side in (swap.source, swap.target)} or set(project.facesets)
    return [faceset for name, faceset in project.facesets.items() if name in used]


def _extract(work: WorkFolder, project: LoadedProject, faceset: ChosenFaceset, progress: Progress) -> None:
    artifact = faceset_artifact(work, faceset)
    done, total, faces = faceset_progress(artifact, faceset)
    if faceset.faces is None and (done < total or not faces):
        for clip in replaced_clips(artifact, faceset):
            progress.say(f"{clip.name} is another file than the one that faces were taken from: they are taken anew")
        extract_faceset(work, artifact, faceset, resources_for(project), progress)
    targets = [swap for swap in project.swaps if swap.target.name == faceset.name]
    chosen = [swap.face for swap in targets] + [part.face for swap in targets for part in swap.ranges if part.face]
    chosen += [swap.source.face for swap in project.swaps if swap.source.name == faceset.name]
    settle_people(artifact.folder, faceset, chosen, lambda: resources_for(project), progress)


def _train(job: _Job, swap: ChosenSwap) -> None:
    artifact = swap_artifact(job.work, swap)
    if not swap.iterations or newest_step(artifact) >= swap.iterations:
        return
    require_extracted(job.work, swap.source, swap.target)
    parallel = job.crew.parallel if job.crew else None
    resources = replace(resources_for(job.project), parallel=parallel)
    outcome = teach(job.work, swap, resources, job.progress, job.is_over, job.crew)
    job.cancel.check()
    if outcome.step < swap.iterations:
        job.progress.say(
            f"the time given is over: step {outcome.step} of {swap.iterations} is saved in {outcome.checkpoint}"
        )


def _follow(project: LoadedProject, resources: Resources, crew: Crew) -> None:
    """Learn what the first process says, until nothing is left to learn."""
    from .training.parallel import Order  # noqa: PLC0415 - brings torch

    while True:
        order, index, _ = crew.hear()
        if order is not Order.TRAIN:
            return
        follow_training(WorkFolder(project.work), project.swaps[int(index)], resources, crew)


def _merge(whole: _Job, job: ClipJob) -> tuple[Path, tuple[Path, ...]]:
    """Merge a clip; return the output and what its layers hand over."""
    work, project = whole.work, whole.project
    for swap in job.swaps:
        require_extracted(work, swap.source, swap.target)
    learnt = {swap.index: learnt_by(work, swap) for swap in job.swaps}
    artifact = merge_artifact(work, job, project.output.video, learnt)
    layers = ClipLayers(work, project, job, artifact)
    is_done = merge_progress(work, artifact, job, project)[2] and all(is_whole for *_, is_whole in layers.progress())
    if is_done and whole.measure:
        is_done = not ClipGates(work, job, artifact, chunk_files(work, artifact, job, job.info())).unmeasured
    if not is_done:
        way = MergeWay(resources_for(project), whole.jobs, whole.measure)
        merge_clip(work, artifact, job, project, whole.stopping, way)
    return job.output, layers.outputs


def _check_found(work: WorkFolder, jobs: Sequence[ClipJob], phases: Sequence[str], progress: Progress) -> None:
    """Refuse, or speak of, what shows once faces were searched."""
    for job in jobs:
        check_unchanging(work, job.swaps[0].target, job.clip)
        if "extract" in phases and len(job.swaps) > 1 and (text := overlap_text(work, job)):
            progress.say(text)


def _check_helpers(job: _Job) -> None:
    """Build what merging needs beside model and merger, where hours of training lie ahead of it: it may lack a file."""
    for swap in job.project.swaps:
        if newest_step(swap_artifact(job.work, swap)) < swap.iterations:
            for chosen in (swap.mask_swaps, swap.enhancer):
                if chosen is not None:
                    chosen.build(resources_for(job.project))


def _check_merge(project: LoadedProject, jobs: Sequence[ClipJob]) -> None:
    """Refuse what would be found out only after hours of work."""
    if not jobs:
        raise RequestError(f"{project.path.name} has no swaps, so there is nothing to merge\n  add one under swaps:")
    inputs = {clip.resolve() for faceset in project.facesets.values() for clip in faceset.clips}
    check_times(project)
    for job in jobs:
        marking_of(project, job)
        if job.output in inputs:
            raise RequestError(f"the output {job.output} is one of the project's clips\n  choose another output.path")
        try:
            job.output.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"the folder {job.output.parent} cannot be made: {error.strerror}") from error
        if not os.access(job.output.parent, os.W_OK):
            raise RequestError(f"the folder {job.output.parent} cannot be written\n  choose another output.path")
        info = job.info()
        check_mergeable(info)
        encoding = encoding_for(project.output.video, info)
        if job.names:
            check_folder(job.output, job.names)
        else:
            check_destination(job.output, encoding.codec)
        check_encoding(info, encoding)
        check_layers(project, job.clip, info, inputs)


def _predict_status(work: WorkFolder, project: LoadedProject, clip: Path, swap: ChosenSwap) -> PhaseStatus:
    try:
        require_extracted(work, swap.source, swap.target)
        kept = answers_of(work, clip, swap)
    except UnderstudyError as error:
        return PhaseStatus("predict", answers_name(clip, swap), "missing", 0, 0, str(error).splitlines()[0])
    done, total = kept.progress()
    return _status(work, project, kept.artifact, (done, total), is_done=done == total)


def _merge_status(work: WorkFolder, project: LoadedProject, job: ClipJob) -> list[PhaseStatus]:
    total = len(job.info().pts)
    try:
        for swap in job.swaps:
            require_extracted(work, swap.source, swap.target)
        learnt = {swap.index: learnt_by(work, swap) for swap in job.swaps}
        artifact = merge_artifact(work, job, project.output.video, learnt)
        done, total, is_joined = merge_progress(work, artifact, job, project)
        layers = ClipLayers(work, project, job, artifact).progress()
    except UnderstudyError as error:
        return [PhaseStatus("merge", job.clip.stem, "missing", 0, total, str(error).splitlines()[0])]
    rows = [(artifact, done, total, is_joined), *layers]
    return [_status(work, project, place, (done, total), is_done=is_whole) for place, done, total, is_whole in rows]


def _status(
    work: WorkFolder, project: LoadedProject, artifact: Artifact, progress: tuple[int, int], *, is_done: bool
) -> PhaseStatus:
    (done, total), why = progress, work.why_stale(artifact)
    if why:
        touched = [offer for offer in project.offers if offer.stage in why]
        why = "; ".join([why, *PluginRecord(project.work).changes(touched)])
    state: State = "done" if is_done else "partial" if done else "stale" if why else "missing"
    return PhaseStatus(artifact.phase, artifact.name, state, done, total, "" if is_done else why)


def _current(work: WorkFolder, project: LoadedProject) -> Iterator[Artifact]:
    for faceset in project.facesets.values():
        if faceset.faces is None:
            yield findings_artifact(work, faceset)
            yield faceset_artifact(work, faceset)
    for swap in project.swaps:
        yield swap_artifact(work, swap)
    for job in jobs_of(project):
        try:
            learnt = {swap.index: learnt_by(work, swap) for swap in job.swaps}
            for swap in job.swaps:
                yield predict_artifact(work, job.clip, swap, learnt[swap.index])
            merged = merge_artifact(work, job, project.output.video, learnt)
            yield merged
            yield from ClipLayers(work, project, job, merged).artifacts
            yield gates_artifact(work, job, merged.recipe)
        except UnderstudyError:
            continue  # not extracted yet, so nothing of it can be current
