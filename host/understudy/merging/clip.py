"""How does a target's clip become the recast clip?

Chunk by chunk (``chunks``); a chunk's files appear under their names when they are whole. When all are there they are
joined, without encoding again, with the source's other streams, and the result is signed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.predicting import answers_of
from understudy.progress import Progress
from understudy.project import PAID, LoadedProject
from understudy.provenance.attesting import attest_file
from understudy.store import Artifact, WorkFolder, write_json
from understudy.video import encoding_for, join_chunks, write_pictures
from understudy_sdk import Resources

from .gated import ClipGates
from .jobs import ClipJob, marking_of, payload_of
from .layered import ClipLayers
from .orders import Chunk, ClipOrder, swap_orders
from .pipeline import merge_chunks
from .predictions import NeededAnswers
from .recipe import chunk_files, merge_progress, output_stamp
from .sharing import usual_jobs

__all__ = ["MergeWay", "merge_clip", "missing_chunks"]


@dataclass(frozen=True, slots=True)
class MergeWay:
    """With what a clip is merged, and what is made anew.

    Attributes:
        resources: What models and mergers are lent.
        jobs: So many processes merge; None leaves it to the machine, and 1 is this process.
        must_measure: Whether chunks that are there pass once more where they were not measured.
    """

    resources: Resources
    jobs: int | None = 1
    must_measure: bool = False


def missing_chunks(
    chunks: Mapping[tuple[int, int], Path], layers: ClipLayers, gates: ClipGates | None = None
) -> dict[tuple[int, int], Path]:
    """Return the chunks that are missing, or lack a layer, or their figures where ``gates`` are given."""
    return {
        span: path
        for span, path in chunks.items()
        if not path.is_file() or layers.missing(path) or (gates is not None and not gates.has(span))
    }


def merge_clip(
    work: WorkFolder,
    artifact: Artifact,
    job: ClipJob,
    project: LoadedProject,
    progress: Progress,
    way: MergeWay,
) -> Path:
    """Merge a clip's missing chunks and layers, join them, and return the output's path.

    What passes is measured; chunks that are there and were never measured are left as they are unless asked for.
    """
    resources = way.resources
    info, layers = job.info(), ClipLayers(work, project, job, artifact)
    chunks = chunk_files(work, artifact, job, info)
    gates = ClipGates(work, job, artifact, chunks)
    artifact.prepare()
    if missing := missing_chunks(chunks, layers, gates if way.must_measure else None):
        total, left = len(info.pts), sum(stop - first for first, stop in missing)
        kept = [answers_of(work, job.clip, swap) for swap in job.swaps]
        needed = NeededAnswers(work, job, info, kept, missing.keys(), progress)
        if not needed.faces:
            progress.say(f"merge {job.clip.name}: all answers of the model are kept, so no network runs")
        swaps = swap_orders(work, job, info, kept, missing.keys())
        encoding, is_paid = encoding_for(project.output.video, info), project.licence == PAID
        order = ClipOrder(job.clip, info, swaps, encoding, resources.device, job.label, is_paid)
        progress.start(f"merge {job.clip.name}", total, "frames", done=total - left, device=resources.device)
        for path in filter(None, map(gates.damaged, missing)):
            progress.say(f"{path} is damaged; the frames of its chunk are measured again")
        wanted = [
            Chunk(span, None if path.is_file() else path, (*layers.makers(path), *gates.makers(span)))
            for span, path in missing.items()
        ]
        merge_chunks(order, wanted, needed, resources, progress, way.jobs or usual_jobs(info))
        progress.finish()
    _drop_old(artifact, chunks.values())
    layers.drop_old()
    gates.drop_old()
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
    if words := gates.words():
        progress.say(f"{job.output.name}: {words}")
    return job.output


def _drop_old(artifact: Artifact, chunks: Collection[Path]) -> None:
    """Delete chunks of faces as they were before."""
    names = {path.name for path in chunks}
    for old in artifact.folder.glob("chunk-*.video"):
        if old.name not in names:
            old.unlink()
