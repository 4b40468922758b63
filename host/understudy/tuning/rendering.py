"""What do chosen frames of a clip look like once they are merged? The output is not touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.extraction import check_unchanging, require_extracted
from understudy.lock import locked
from understudy.matrix_threads import one_blas_thread
from understudy.merging import ClipJob, jobs_of, marking_of
from understudy.merging.orders import swap_orders
from understudy.merging.predictions import NeededAnswers
from understudy.phases import resources_for
from understudy.predicting import Span, answers_of
from understudy.progress import Progress
from understudy.project import LoadedProject
from understudy.provenance.label import labelled
from understudy.store import WorkFolder
from understudy.swapping import Laid, LaidFaces, ReadySwap, merged_frames
from understudy.video import ClipReader, DecodedFrame, check_mergeable, probe
from understudy_sdk import Resources
from understudy_sdk.types import U8

__all__ = ["RenderedFrame", "job_for", "rendered_frames"]


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """A frame before and after it is merged.

    Attributes:
        index: Its position in the clip, from 0.
        timecode: Its time code, counted as the project counts.
        before: uint8 (H, W, 3), RGB, upright.
        after: Likewise; it carries the watermark in its faces and the words that the project shows.
        laid: What was laid into it, in order.
    """

    index: int
    timecode: str
    before: U8
    after: U8
    laid: tuple[Laid, ...]


def rendered_frames(
    project: LoadedProject, positions: Iterable[int], progress: Progress, *, clip: Path | None = None
) -> Iterator[RenderedFrame]:
    """Yield chosen frames of a clip as a merge would make them, in the order of the clip.

    What models answer is taken from the work folder, and kept there as far as it has to be made.

    Args:
        project: Extracted and trained.
        positions: Of the frames, from 0; those that cannot be decoded are left out.
        progress: Hears of every frame.
        clip: Which clip; the project's first unless given.

    Raises:
        RequestError: There is no consent, nothing was extracted or trained yet, or no swap is about the clip.
        UnderstudyError: Whatever else stops it.
    """
    job, work = job_for(project, clip), WorkFolder(project.work)
    marking_of(project, job)  # refuses a project without consent
    info = probe(job.clip)
    check_mergeable(info)
    for swap in job.swaps:
        require_extracted(work, swap.source, swap.target)
        check_unchanging(work, swap.target, job.clip)
    spans, resources = _spans(positions), resources_for(project)
    work.prepare()
    with locked(project.work, f"rendering frames of {project.path.name}"):
        kept = [answers_of(work, job.clip, swap) for swap in job.swaps]
        needed = NeededAnswers(work, job, info, kept, spans, progress)
        _predict(needed, job, resources.device, progress, resources)
        ready = [order.ready(resources) for order in swap_orders(work, job, info, kept, spans)]
        progress.start(f"render {job.clip.name}", sum(stop - first for first, stop in spans), "frames")
        with ClipReader(job.clip, info) as reader, one_blas_thread():
            for span in spans:
                for frame in _rendered(reader, span, ready, job.label, Clock(info, project.timecode)):
                    progress.advance()
                    yield frame
        progress.finish()


def job_for(project: LoadedProject, clip: Path | None) -> ClipJob:
    """Return what is done to a clip, or to the first one that something is done to.

    Raises:
        RequestError: Nothing is.
    """
    jobs = jobs_of(project)
    if not jobs:
        raise RequestError(f"{project.path.name} has no swaps, so there is nothing to merge\n  add one under swaps:")
    found = [job for job in jobs if clip is None or clip.resolve() == job.clip.resolve() or str(clip) == job.clip.stem]
    if not found:
        names = ", ".join(job.clip.name for job in jobs)
        raise RequestError(f"no swap of {project.path.name} is about {clip}\n  there are: {names}")
    return found[0]


def _spans(positions: Iterable[int]) -> list[Span]:
    """Join positions that follow each other, so that each stretch is decoded in one go."""
    runs = groupby(enumerate(sorted(set(positions))), key=lambda pair: pair[1] - pair[0])
    found = [[position for _, position in run] for _, run in runs]
    return [(run[0], run[-1] + 1) for run in found]


def _predict(needed: NeededAnswers, job: ClipJob, device: str, progress: Progress, resources: Resources) -> None:
    if needed.faces:
        progress.start(f"predict {job.clip.name}", needed.faces, "faces", device=device)
        for _ in needed.made(resources, progress.advance):
            pass
        progress.finish()


def _rendered(
    reader: ClipReader, span: Span, ready: Sequence[ReadySwap], label: str, clock: Clock
) -> Iterator[RenderedFrame]:
    laid, before = LaidFaces(span), dict[int, U8]()

    def seen() -> Iterator[DecodedFrame]:
        for frame in reader.frames(*span):
            before[frame.index] = frame.frame().rgb
            yield frame

    merged = merged_frames(seen(), [part.faces_between(span) for part in ready], laid)
    for frame in labelled(merged, label, laid.add_words):
        was, faces = before.pop(frame.index), tuple(laid.taken(frame.index))
        yield RenderedFrame(frame.index, clock.code(frame.index), was, frame.frame().rgb, faces)
