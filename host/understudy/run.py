"""What is done, what is missing, and how is it made: the three phases of a project in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from understudy_sdk import Model, Resources, TrainableModel
from understudy_sdk.errors import UnderstudyError

from . import training
from .devices import resolve_device
from .errors import RequestError
from .extraction import (
    check_clips,
    check_unchanging,
    extract_faceset,
    faceset_artifact,
    faceset_progress,
    findings_artifact,
    settle_people,
)
from .learning import held_crops, learn_arrays, swap_artifact
from .lock import locked
from .merging import ClipJob, jobs_of, marking_of, merge_artifact, merge_clip, merge_progress, overlap_text, ready_swap
from .plugins import blaming
from .progress import Progress
from .project import ChosenFaceset, ChosenSwap, LoadedProject
from .store import PHASES, Artifact, WorkFolder, folder_bytes
from .training.checkpoints import Checkpoints
from .video import check_destination, check_mergeable, probe
from .weights import WeightCache

__all__ = ["Garbage", "PhaseStatus", "RunResult", "clean", "clean_plan", "resources_for", "run", "status"]

PREVIEW_FACES: Final = 4

State = Literal["done", "partial", "stale", "missing"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run leaves.

    Attributes:
        outputs: The merged clips, empty where the merge phase was not asked for.
    """

    outputs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """How far one result is.

    Attributes:
        phase: ``extract``, ``train`` or ``merge``.
        name: The faceset, the swap or the clip.
        state: ``stale`` where a result exists, but of other settings or inputs.
        done: Frames or steps done.
        total: Frames or steps in all.
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
    """
    return Resources(resolve_device(project.device), WeightCache().find, os.cpu_count() or 1)


def run(project: LoadedProject, *, phases: Sequence[str] = PHASES, progress: Progress) -> RunResult:
    """Do what is missing of the given phases, and return the merged clips.

    Raises:
        UnderstudyError: Whatever stops it; what was finished is kept, and another run goes on from there.
    """
    jobs = jobs_of(project)
    if "merge" in phases:
        _check_merge(project, jobs)
    if "extract" in phases:
        for faceset in _used_facesets(project):
            check_clips(faceset)
    work = WorkFolder(project.work)
    work.prepare()
    with locked(project.work, f"working on {project.path.name}"):
        if "extract" in phases:
            for faceset in _used_facesets(project):
                _extract(work, project, faceset, progress)
        if "merge" in phases:  # before training: only now it is known of every frame
            _check_found(work, jobs, phases, progress)
        if "train" in phases:
            for swap in project.swaps:
                _train(work, project, swap, progress)
        outputs = [_merge(work, project, job, progress) for job in jobs] if "merge" in phases else []
    return RunResult(tuple(outputs))


def status(project: LoadedProject) -> tuple[PhaseStatus, ...]:
    """Return how far every result of the project is, in the order of the phases."""
    work = WorkFolder(project.work)
    found = []
    for faceset in _used_facesets(project):
        artifact = faceset_artifact(work, faceset)
        done, total, _ = faceset_progress(artifact, faceset)
        found.append(_status(work, artifact, done, total, is_done=done == total))
    for swap in project.swaps:
        artifact = swap_artifact(work, swap)
        done, total = _newest_step(artifact), swap.iterations
        if total:
            found.append(_status(work, artifact, min(done, total), total, is_done=done >= total))
    return (*found, *(_merge_status(work, project, job) for job in jobs_of(project)))


def clean_plan(project: LoadedProject) -> tuple[Garbage, ...]:
    """Return the results in the work folder that the project as it stands does not use; nothing is deleted."""
    work = WorkFolder(project.work)
    current = {artifact.folder for artifact in _current(work, project)}
    reasons = {
        "find": "other detector or aligner",
        "extract": "other detector, aligner, masker or crops",
        "train": "other model, settings or facesets",
    }
    return tuple(
        Garbage(folder, folder_bytes(folder), f"made with {reasons.get(phase, 'other training, merger or encoder')}")
        for phase in PHASES
        for folder in work.folders(phase)
        if folder not in current
    )


def clean(project: LoadedProject, plan: Sequence[Garbage]) -> int:
    """Delete what a plan lists, and return how many bytes were freed."""
    work = WorkFolder(project.work)
    with locked(project.work, f"cleaning {project.path.name}"):
        for garbage in plan:
            work.remove(garbage.path)
    return sum(garbage.bytes for garbage in plan)


def _used_facesets(project: LoadedProject) -> list[ChosenFaceset]:
    used = {side.name for swap in project.swaps for side in (swap.source, swap.target)} or set(project.facesets)
    return [faceset for name, faceset in project.facesets.items() if name in used]


def _extract(work: WorkFolder, project: LoadedProject, faceset: ChosenFaceset, progress: Progress) -> None:
    artifact = faceset_artifact(work, faceset)
    done, total, faces = faceset_progress(artifact, faceset)
    if faceset.faces is None and (done < total or not faces):
        extract_faceset(work, artifact, faceset, resources_for(project), progress)
    chosen = [swap.face for swap in project.swaps if swap.target.name == faceset.name]
    chosen += [swap.source.face for swap in project.swaps if swap.source.name == faceset.name]
    settle_people(artifact.folder, faceset, chosen, lambda: resources_for(project), progress)


def _train(work: WorkFolder, project: LoadedProject, swap: ChosenSwap, progress: Progress) -> None:
    artifact = swap_artifact(work, swap)
    if not swap.iterations or _newest_step(artifact) >= swap.iterations:
        return
    _require_extracted(work, swap)
    resources = resources_for(project)
    model = _built(swap, resources)
    assert isinstance(model, TrainableModel)
    folder = artifact.prepare()
    source = learn_arrays(work, swap.source, swap.source.face, model.crop_spec, folder / "faces" / "source")
    target = learn_arrays(work, swap.target, swap.face, model.crop_spec, folder / "faces" / "target")
    faces = training.load_arrays(source), training.load_arrays(target)
    crops = [held_crops(arrays, model.crop_spec, PREVIEW_FACES) for arrays in faces]
    job = training.Training(
        model=model,
        data=training.DeckData(*faces, seed=swap.seed, device=resources.device),
        folder=folder,
        steps=swap.iterations,
        offer_name=swap.model.name,
        revision=swap.model.offer.spec.revision,
        blame=lambda doing: blaming(swap.model.offer, doing),
        preview_crops=(crops[0], crops[1]),
        progress=progress,
        device=resources.device,
        title=f"train {artifact.name}",
    )
    training.train(job)


def _merge(work: WorkFolder, project: LoadedProject, job: ClipJob, progress: Progress) -> Path:
    for swap in job.swaps:
        _require_extracted(work, swap)
    learnt = {swap.index: _learnt(work, swap) for swap in job.swaps}
    artifact = merge_artifact(work, job, project.output.video, learnt)
    done, total, is_joined = merge_progress(work, artifact, job, project)
    if is_joined:
        return job.output
    resources = resources_for(project)
    info = probe(job.clip)
    ready = []
    if done < total:
        for swap in job.swaps:
            model = _built(swap, resources)
            if isinstance(model, TrainableModel):
                _load_learnt(work, swap, model, progress)
            ready.append(ready_swap(work, swap, job, info, model, resources))
    return merge_clip(work, artifact, job, ready, project, progress, resources.device)


def _built(swap: ChosenSwap, resources: Resources) -> Model:
    model: Model = swap.model.build(resources)
    offer = swap.model.offer
    with blaming(offer, "being built"):
        if isinstance(model, TrainableModel) != offer.spec.learns:
            raise TypeError(f"its offer says learns={offer.spec.learns}, but it built a {type(model).__name__}")
    return model


def _newest_step(artifact: Artifact) -> int:
    state = Checkpoints(artifact.folder).peek()
    return state.step if state else 0


def _learnt(work: WorkFolder, swap: ChosenSwap) -> Any:
    """Return what names the knowledge of a swap's model, or None where there is nothing to learn."""
    if not swap.iterations:
        return None
    state = Checkpoints(swap_artifact(work, swap).folder).peek()
    return [state.step, *(mark.sha256 for name, mark in state.files.items() if "weights" in name)] if state else []


def _load_learnt(work: WorkFolder, swap: ChosenSwap, model: TrainableModel, progress: Progress) -> None:
    artifact = swap_artifact(work, swap)
    checkpoint = Checkpoints(artifact.folder).newest(progress.say)
    if checkpoint is None:
        raise RequestError(
            f"the model of {artifact.name} was not trained yet\n  run the train phase first: understudy train"
        )
    model.load_weights(checkpoint.weights())


def _require_extracted(work: WorkFolder, swap: ChosenSwap) -> None:
    for faceset in (swap.source, swap.target):
        done, total, faces = faceset_progress(faceset_artifact(work, faceset), faceset)
        if done < total or not faces:
            raise RequestError(
                f"the faceset {faceset.name!r} is not extracted yet ({done} of {total} frames)\n"
                f"  run the extract phase first: understudy extract"
            )


def _check_found(work: WorkFolder, jobs: Sequence[ClipJob], phases: Sequence[str], progress: Progress) -> None:
    """Refuse, or speak of, what shows once faces were searched."""
    for job in jobs:
        check_unchanging(work, job.swaps[0].target, job.clip)
        if "extract" in phases and len(job.swaps) > 1 and (text := overlap_text(work, job)):
            progress.say(text)


def _check_merge(project: LoadedProject, jobs: Sequence[ClipJob]) -> None:
    """Refuse what would be found out only after hours of work."""
    if not jobs:
        raise RequestError(f"{project.path.name} has no swaps, so there is nothing to merge\n  add one under swaps:")
    inputs = {clip.resolve() for faceset in project.facesets.values() for clip in faceset.clips}
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
        check_mergeable(probe(job.clip))
        check_destination(job.output, project.output.video.codec)


def _merge_status(work: WorkFolder, project: LoadedProject, job: ClipJob) -> PhaseStatus:
    total = len(probe(job.clip).pts)
    try:
        for swap in job.swaps:
            _require_extracted(work, swap)
        learnt = {swap.index: _learnt(work, swap) for swap in job.swaps}
        artifact = merge_artifact(work, job, project.output.video, learnt)
        done, total, is_joined = merge_progress(work, artifact, job, project)
    except UnderstudyError as error:
        return PhaseStatus("merge", job.clip.stem, "missing", 0, total, str(error).splitlines()[0])
    return _status(work, artifact, done, total, is_done=is_joined)


def _status(work: WorkFolder, artifact: Artifact, done: int, total: int, *, is_done: bool) -> PhaseStatus:
    why = work.why_stale(artifact)
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
            learnt = {swap.index: _learnt(work, swap) for swap in job.swaps}
            yield merge_artifact(work, job, project.output.video, learnt)
        except UnderstudyError:
            continue  # not extracted yet, so nothing of it can be current
