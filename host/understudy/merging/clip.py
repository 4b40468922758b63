"""How does a target's clip become the recast clip?

Chunk by chunk (``chunks``); a chunk's files appear under their names when they are whole. When all are there they are
joined, without encoding again, with the source's other streams, and the result is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from understudy.predicting import answers_of
from understudy.progress import Progress
from understudy.project import PAID, LoadedProject
from understudy.provenance.attesting import attest_file
from understudy.store import Artifact, WorkFolder, write_json
from understudy.video import encoding_for, join_chunks, write_pictures
from understudy_sdk import Resources

from .jobs import ClipJob, marking_of, payload_of
from .layered import ClipLayers
from .orders import Chunk, ClipOrder, swap_orders
from .pipeline import merge_chunks
from .predictions import NeededAnswers
from .recipe import chunk_files, merge_progress, output_stamp
from .sharing import usual_jobs

__all__ = ["merge_clip", "missing_chunks"]


def missing_chunks(chunks: Mapping[tuple[int, int], Path], layers: ClipLayers) -> dict[tuple[int, int], Path]:
    """Return the chunks that are missing, or lack a layer."""
    return {span: path for span, path in chunks.items() if not path.is_file() or layers.missing(path)}


def merge_clip(
    work: WorkFolder,
    artifact: Artifact,
    job: ClipJob,
    project: LoadedProject,
    progress: Progress,
    resources: Resources,
    jobs: int | None = 1,
) -> Path:
    """Merge a clip's missing chunks and layers, join them, and return the output's path.

    So many processes merge; None leaves it to the machine, and 1 is this process.
    """
    info, layers = job.info(), ClipLayers(work, project, job, artifact)
    chunks = chunk_files(work, artifact, job, info)
    artifact.prepare()
    if missing := missing_chunks(chunks, layers):
        total, left = len(info.pts), sum(stop - first for first, stop in missing)
        kept = [answers_of(work, job.clip, swap) for swap in job.swaps]
        needed = NeededAnswers(work, job, info, kept, missing.keys(), progress)
        if not needed.faces:
            progress.say(f"merge {job.clip.name}: all answers of the model are kept, so no network runs")
        swaps = swap_orders(work, job, info, kept, missing.keys())
        encoding, is_paid = encoding_for(project.output.video, info), project.licence == PAID
        order = ClipOrder(job.clip, info, swaps, encoding, resources.device, job.label, is_paid)
        progress.start(f"merge {job.clip.name}", total, "frames", done=total - left, device=resources.device)
        wanted = [Chunk(span, None if path.is_file() else path, layers.makers(path)) for span, path in missing.items()]
        merge_chunks(order, wanted, needed, resources, progress, _drop_old, jobs or usual_jobs(info))
        progress.finish()
    layers.drop_old()
    if not merge_progress(work, artifact, job, project)[2]:
        decodable = [path for path in chunks.values() if path.stat().st_size]
        marking = marking_of(project, job)
        if job.names:
            write_pictures(decodable, info, job.output, job.names, marking, progress.say)
        else:
            join_chunks(decodable, job.clip, job.output, marking, progress.say, info=info)
        signer = attest_file(job.output, project, job, payload_of(job), progress.say)
        write_json(artifact.folder / "done.json", output_stamp(project, job, chunks.values(), signer))
        progress.wrote("clip", job.output)
    layers.finish(progress)
    return job.output


def _drop_old(chunk: Chunk) -> None:
    """Delete a chunk of faces as they were before."""
    if chunk.path is not None:
        for old in chunk.path.parent.glob(f"chunk-{chunk.span[0]:08d}-*.video"):
            if old != chunk.path:
                old.unlink()
