"""How does a target's clip become the recast clip?

Frames are decoded in one thread, pass through the swaps one after the other in the caller's (``swapping``), and are
encoded in a third. A chunk's file appears under its name when it is whole; when all are there they are joined, without
encoding again, with the source's other streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_limits

from understudy_sdk import Model, Resources

from . import __version__
from .ahead import Behind, ahead
from .errors import RequestError
from .extraction import faceset_artifact
from .faceset import Faceset
from .learning import chosen_faces
from .progress import Progress
from .project import ChosenSwap, LoadedProject, VideoSettings
from .provenance.attesting import attest, signer_mark
from .provenance.label import labelled
from .provenance.manifest import SOURCE_TYPE
from .provenance.marking import FaceMark
from .selection import face_recipe, wanted_faces
from .store import Artifact, WorkFolder, digest, read_json, write_json
from .swapping import ReadySwap, SpanFaces, Window, mask_over_crop, merged_frames, reach, widened_spans
from .video import ChunkWriter, ClipInfo, ClipReader, DecodedFrame, Encoding, fingerprint, join_chunks, probe

__all__ = [
    "CHUNK_FRAMES",
    "ClipJob",
    "ReadySwap",
    "SpanFaces",
    "jobs_of",
    "marking_of",
    "mask_over_crop",
    "merge_artifact",
    "merge_clip",
    "merge_progress",
    "overlap_text",
    "payload_of",
    "reach",
    "ready_swap",
]

CHUNK_FRAMES: Final = 120
"""Frames of a chunk: what a killed run loses at most, and one closed group of pictures or more."""

FORMAT: Final = 3
"""Version of what merging makes from the same recipe."""


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to merge: every swap whose target it shows, where the result goes, and words to show on it."""

    clip: Path
    swaps: tuple[ChosenSwap, ...]
    output: Path
    label: str = ""


def jobs_of(project: LoadedProject) -> tuple[ClipJob, ...]:
    """Return one job per clip that some swap targets, in the order of the project."""
    return tuple(
        ClipJob(
            clip,
            tuple(swap for swap in project.swaps if clip in swap.target.clips),
            project.output_for(clip).resolve(),
            project.output.label,
        )
        for clip in project.clips_to_merge()
    )


def merge_artifact(work: WorkFolder, job: ClipJob, video: VideoSettings, learnt: Mapping[int, Any]) -> Artifact:
    """Return the place of a clip's merged chunks.

    Args:
        work: The work folder.
        job: The clip.
        video: How it is encoded.
        learnt: What each swap's model knows, by the swap's number: a checkpoint's name, or None.
    """
    recipe = {
        "format": FORMAT,
        "chunk_frames": CHUNK_FRAMES,
        "clip": fingerprint(job.clip),
        "video": {"codec": video.codec, "pixel_format": video.pixel_format, "options": video.encoder_options()},
        "swaps": [_swap_recipe(work, swap, learnt[swap.index]) for swap in job.swaps],
    } | ({"label": job.label} if job.label else {})
    return work.artifact("merge", job.clip.stem, recipe)


def merge_progress(work: WorkFolder, artifact: Artifact, job: ClipJob, project: LoadedProject) -> tuple[int, int, bool]:
    """Return a clip's merged frames, all its frames, and whether its output is in place as it should be."""
    info = probe(job.clip)
    chunks = _chunks(work, artifact, job, info)
    done = [stop - first for (first, stop), path in chunks.items() if path.is_file()]
    joined = read_json(artifact.folder / "done.json") if job.output.is_file() else None
    is_joined = len(done) == len(chunks) and joined is not None
    is_joined = is_joined and joined == _stamp(project, job, chunks.values(), signer_mark(project))
    return sum(done), len(info.pts), is_joined


def overlap_text(work: WorkFolder, job: ClipJob) -> str:
    """Say in words which two swaps put something on the same face of a clip, or return an empty text."""
    owners, key = dict[tuple[Path, str], ChosenSwap](), fingerprint(job.clip)
    for swap in job.swaps:
        folder = faceset_artifact(work, swap.target).folder
        with Faceset(folder) as index:
            notes = chosen_faces(index.notes([key]), wanted_faces(index, swap.target, swap.face))
        for name in sorted(note.name for note in notes):
            other = owners.setdefault((folder, name), swap)
            if other is not swap:
                return (
                    f"{job.clip.name}: {other.source.name} (face {other.face}) and {swap.source.name} (face"
                    f" {swap.face}) are both put on {name}, among others; the later one covers the other"
                )
    return ""


def ready_swap(
    work: WorkFolder, swap: ChosenSwap, job: ClipJob, info: ClipInfo, model: Model, resources: Resources
) -> ReadySwap:
    """Gather what one swap needs on one clip."""
    mergers = tuple(chosen.build(resources) for chosen in (swap.merger, *(part.merger for part in swap.ranges)))
    spans = tuple((part.start.frame(info.average_rate), part.end.frame(info.average_rate)) for part in swap.ranges)
    faceset = faceset_artifact(work, swap.target).folder
    masker = swap.mask_swaps.build(resources) if swap.mask_swaps else None
    mark, window = FaceMark(info.width, info.height, payload_of(job)), _window(swap, info)
    return ReadySwap(swap, model, mergers, spans, faceset, fingerprint(job.clip), window, mark, masker, job.label)


def payload_of(job: ClipJob) -> int:
    """Return what the mark in a clip's faces says: 24 bits that name the clip and what is done to it.

    Nothing counts that does not also decide what chunks hold, so that the mark in a kept chunk is never out of date.
    """
    done = [[swap.model.swap_recipe(), swap.merger.recipe()] for swap in job.swaps]
    return int(digest([fingerprint(job.clip), done])[:6], 16)


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
    video = project.output.video
    encoding = Encoding(video.codec, video.encoder_options(), video.pixel_format)
    chunks = _chunks(work, artifact, job, info)
    missing = {span: path for span, path in chunks.items() if not path.is_file()}
    artifact.prepare()
    if missing:
        progress.start(f"merge {job.clip.name}", total, "frames", done=done, device=device)
        # the phase's own threads keep the cores busy; those of matrix products would only wait for them, spinning
        with ClipReader(job.clip, info) as reader, threadpool_limits(limits=1, user_api="blas"):
            for span, path in missing.items():
                _merge_chunk(reader, span, ready, path, encoding, progress)
                for old in artifact.folder.glob(f"chunk-{span[0]:08d}-*.video"):
                    if old != path:
                        old.unlink()  # of faces as they were before
        progress.finish()
    decodable = [path for path in chunks.values() if path.stat().st_size]
    join_chunks(decodable, job.clip, job.output, marking_of(project, job), progress.say, info=info)
    signer = attest(project, job, payload_of(job), progress.say)
    write_json(artifact.folder / "done.json", _stamp(project, job, chunks.values(), signer))
    return job.output


def marking_of(project: LoadedProject, job: ClipJob) -> dict[str, str]:
    """Return the tags every output carries: that it is synthetic, what was done, and who agreed.

    Raises:
        RequestError: When the project states no consent.
    """
    if (consent := project.consent) is None:
        raise RequestError(
            f"{project.path.name} states no consent, so nothing is merged\n"
            "  add a consent: section with the basis and a statement; it goes into the output's tags"
        )
    done = "; ".join(f"{swap.source.name} on {swap.target.name} by {swap.model.name}" for swap in job.swaps)
    sentence = (
        f"Synthetic media: a face in this clip was replaced with Understudy {__version__} ({done}). "
        f"Consent: {consent.basis}: {consent.statement}"
    )
    return {
        "comment": sentence,
        "description": sentence,
        "synthetic_media": "true",
        "digital_source_type": SOURCE_TYPE,
        "consent_basis": str(consent.basis),
        "consent_statement": consent.statement,
        "made_with": f"Understudy {__version__}",
    }


def _merge_chunk(
    reader: ClipReader,
    span: tuple[int, int],
    ready: Sequence[ReadySwap],
    path: Path,
    encoding: Encoding,
    progress: Progress,
) -> None:
    def encode(frame: DecodedFrame) -> None:
        writer.add(frame.to_av())
        progress.advance()

    lost = len(reader.undecodable)
    spans = widened_spans([part.window for part in ready], span)
    frames: Iterable[DecodedFrame] = ahead(reader.frames(*spans[0]), depth=8)
    for part, given, wanted in zip(ready, spans[:-1], spans[1:], strict=True):
        frames = merged_frames(frames, part.faces_between(*given), wanted)
    passing = labelled(frames, ready[0].label if ready else "")
    first = next(passing, None)
    if first is None:
        path.touch()  # an empty chunk stands for a stretch of the clip that cannot be decoded
    else:
        with ChunkWriter(path, reader.info, encoding) as writer, Behind(encode, depth=8) as encoder:
            for frame in chain((first,), passing):
                encoder.put(frame)
    progress.advance(sum(span[0] <= position < span[1] for position in reader.undecodable[lost:]))


def _window(swap: ChosenSwap, info: ClipInfo) -> Window:
    return Window(info.pts, info.time_base, swap.steadiness, swap.steady_colors)


def _swap_recipe(work: WorkFolder, swap: ChosenSwap, learnt: Any) -> dict[str, Any]:
    more: dict[str, Any] = {"steadiness": swap.steadiness} if swap.steadiness else {}
    if swap.steady_colors:
        more["steady_colors"] = swap.steady_colors
    if swap.mask_swaps:
        more["mask_swaps"] = swap.mask_swaps.recipe()
    model = swap.model_that_learnt(learnt[0]) if learnt else swap.model
    return {
        "model": model.swap_recipe(),
        "learnt": learnt,
        "face": face_recipe(swap.target, swap.face),
        "extract": faceset_artifact(work, swap.target).recipe,
        "merger": swap.merger.recipe(),
        "ranges": [
            {"from": str(part.start), "to": str(part.end), "merger": part.merger.recipe()} for part in swap.ranges
        ],
    } | more


def _spans(info: ClipInfo) -> list[tuple[int, int]]:
    total = len(info.pts)
    return [(first, min(first + CHUNK_FRAMES, total)) for first in range(0, total, CHUNK_FRAMES)]


def _chunks(work: WorkFolder, artifact: Artifact, job: ClipJob, info: ClipInfo) -> dict[tuple[int, int], Path]:
    """Return the file of every chunk, named after the faces in it: only chunks whose faces changed are made anew.

    A face whose picture was deleted is not merged. The faces just before and after a chunk count too, for the movement
    they show; where swaps are steadied, all that steady it.
    """
    spans, key = _spans(info), fingerprint(job.clip)
    stamps: list[list[str]] = [[] for _ in spans]
    windows = [_window(swap, info) for swap in job.swaps]
    given = [widened_spans(windows, span) for span in spans]
    for place, swap in enumerate(job.swaps):
        with Faceset(faceset_artifact(work, swap.target).folder) as index:
            wanted = wanted_faces(index, swap.target, swap.face)
            notes = chosen_faces(index.notes([key]), wanted)
            tracks = {note.name: note.track for note in notes}
            for stamp, looked_at in zip(stamps, given, strict=True):
                first, stop = looked_at[place]
                found = index.span_stamps(key, first - 1, stop + 1)
                stamp += [f"{swap.index} {name} {found[name]} {tracks[name]}" for name in found if name in tracks]
    return {
        span: artifact.folder / f"chunk-{span[0]:08d}-{digest(stamp)[:12]}.video"
        for span, stamp in zip(spans, stamps, strict=True)
    }


def _stamp(project: LoadedProject, job: ClipJob, chunks: Iterable[Path], signer: str) -> dict[str, Any]:
    stat = job.output.stat()
    tags = digest(marking_of(project, job))
    names = digest([chunk.name for chunk in chunks])
    return {
        "output": str(job.output),
        "bytes": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "tags": tags,
        "chunks": names,
        "signer": signer,
    }
