"""How does a target's clip become the recast clip?

Chunk by chunk (``chunks``); a chunk's files appear under their names when they are whole. When all are there they are
joined, without encoding again, with the source's other streams, and the result is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.extraction import faceset_artifact
from understudy.matrix_threads import one_blas_thread
from understudy.progress import Progress
from understudy.project import ChosenSwap, LoadedProject
from understudy.provenance.attesting import attest_file
from understudy.provenance.marking import FaceMark
from understudy.store import Artifact, WorkFolder, write_json
from understudy.swapping import MergerShelf, ReadySwap
from understudy.video import ClipInfo, ClipReader, encoding_for, fingerprint, join_chunks, probe
from understudy_sdk import Model, Resources

from .chunks import merge_chunk
from .jobs import ClipJob, marking_of, payload_of
from .recipe import chunk_files, merge_progress, output_stamp, settings_in, window_of

__all__ = ["merge_clip", "ready_swap"]


def ready_swap(
    work: WorkFolder, swap: ChosenSwap, job: ClipJob, info: ClipInfo, model: Model, resources: Resources
) -> ReadySwap:
    """Gather what one swap needs on one clip."""
    settings, mergers = settings_in(work, swap, job, info), MergerShelf(resources)
    for chosen in (swap.merger, *(part.merger for part in swap.ranges if part.merger)):
        mergers.get(chosen)  # so that one that cannot be built is told before the first frame
    faceset = faceset_artifact(work, swap.target).folder
    masker = swap.mask_swaps.build(resources) if swap.mask_swaps else None
    enhancer = swap.enhancer.build(resources) if swap.enhancer else None
    mark, window = FaceMark(info.width, info.height, payload_of(job)), window_of(swap, info)
    key = fingerprint(job.clip)
    return ReadySwap(swap, model, settings, mergers, faceset, key, window, mark, masker, job.label, enhancer)


def merge_clip(
    work: WorkFolder,
    artifact: Artifact,
    job: ClipJob,
    ready: Sequence[ReadySwap],
    project: LoadedProject,
    progress: Progress,
    device: str,
) -> Path:
    """Merge a clip's missing chunks, join them, and return the output's path; ``device`` is named to the listener."""
    info = probe(job.clip)
    done, total, _ = merge_progress(work, artifact, job, project)
    encoding = encoding_for(project.output.video, info)
    chunks = chunk_files(work, artifact, job, info)
    missing = {span: path for span, path in chunks.items() if not path.is_file()}
    artifact.prepare()
    if missing:
        progress.start(f"merge {job.clip.name}", total, "frames", done=done, device=device)
        # the phase's own threads keep the cores busy; those of matrix products would only wait for them, spinning
        with ClipReader(job.clip, info) as reader, one_blas_thread():
            for span, path in missing.items():
                merge_chunk(reader, span, ready, path, encoding, progress)
                for old in artifact.folder.glob(f"chunk-{span[0]:08d}-*.video"):
                    if old != path:
                        old.unlink()  # of faces as they were before
        progress.finish()
    decodable = [path for path in chunks.values() if path.stat().st_size]
    join_chunks(decodable, job.clip, job.output, marking_of(project, job), progress.say, info=info)
    signer = attest_file(job.output, project, job, payload_of(job), progress.say)
    write_json(artifact.folder / "done.json", output_stamp(project, job, chunks.values(), signer))
    progress.wrote("clip", job.output)
    return job.output
