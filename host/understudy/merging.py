"""How does a target's clip become the recast clip?

Frames are decoded in one thread, swapped and merged in the caller's, and encoded in a third. A chunk's file appears
under its name when it is whole; when all are there they are joined, without encoding again, with the source's other
streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from understudy_sdk import Crop, CropSpec, Frame, Mask, Merger, Model, Resources
from understudy_sdk.geometry import compose, crop_corners, frame_to_crop, invert
from understudy_sdk.warp import warp_mask

from . import __version__
from .ahead import Behind, ahead
from .errors import RequestError
from .extraction import faceset_artifact, warp_crop
from .faceset import FaceRow, Faceset
from .learning import chosen_faces
from .pictures import decode_mask
from .plugins import blaming
from .progress import Progress
from .project import Chosen, ChosenSwap, LoadedProject, VideoSettings
from .selection import face_recipe, wanted_faces
from .store import Artifact, WorkFolder, digest, read_json, write_json
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
    "reach",
    "ready_swap",
]

CHUNK_FRAMES: Final = 120
"""Frames of a chunk: what a killed run loses at most, and one closed group of pictures or more."""

BATCH_FRAMES: Final = 4
"""Frames whose faces a model swaps at once."""

MASK_SIZE: Final = 256
"""Side of the masks handed to mergers, in px."""

FORMAT: Final = 2
"""Version of what merging makes from the same recipe."""

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture in which trained models changed a part."""


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to merge: every swap whose target it shows, and where the result goes."""

    clip: Path
    swaps: tuple[ChosenSwap, ...]
    output: Path


@dataclass(frozen=True, slots=True)
class ReadySwap:
    """A swap ready to work on one clip.

    Attributes:
        swap: What the project says.
        model: Its trained model.
        mergers: The swap's merger, then those of its ranges.
        spans: First frame and the frame after the last, of each range.
        faceset: Folder of the target's faceset.
        clip: Fingerprint of the clip.
    """

    swap: ChosenSwap
    model: Model
    mergers: tuple[Merger, ...]
    spans: tuple[tuple[int, int], ...]
    faceset: Path
    clip: str

    def faces_between(self, first: int, stop: int) -> SpanFaces:
        """Return the chosen faces of a span of frames."""
        with Faceset(self.faceset) as index:
            wanted = wanted_faces(index, self.swap.target, self.swap.face)
            rows = chosen_faces(index.rows(self.clip, first, stop), wanted)
            masks = {row.name: index.mask_png(row.name) for row in rows}
        by_frame: dict[int, list[FaceRow]] = {}
        for row in rows:
            by_frame.setdefault(row.frame, []).append(row)
        return SpanFaces(self, by_frame, masks)

    def merger_at(self, position: int) -> tuple[Chosen, Merger]:
        """Return the merger for a frame; of ranges that overlap, the later in the project counts."""
        for number in reversed(range(len(self.spans))):
            if self.spans[number][0] <= position < self.spans[number][1]:
                return self.swap.ranges[number].merger, self.mergers[number + 1]
        return self.swap.merger, self.mergers[0]


@dataclass(frozen=True, slots=True)
class SpanFaces:
    """A swap's chosen faces in a span of frames: by frame, and their masks as PNG by picture name."""

    ready: ReadySwap
    by_frame: Mapping[int, Sequence[FaceRow]]
    masks: Mapping[str, bytes]


def jobs_of(project: LoadedProject) -> tuple[ClipJob, ...]:
    """Return one job per clip that some swap targets, in the order of the project."""
    return tuple(
        ClipJob(
            clip,
            tuple(swap for swap in project.swaps if clip in swap.target.clips),
            project.output_for(clip).resolve(),
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
    }
    return work.artifact("merge", job.clip.stem, recipe)


def merge_progress(work: WorkFolder, artifact: Artifact, job: ClipJob, project: LoadedProject) -> tuple[int, int, bool]:
    """Return a clip's merged frames, all its frames, and whether its output is in place as it should be."""
    info = probe(job.clip)
    chunks = _chunks(work, artifact, job, info)
    done = [stop - first for (first, stop), path in chunks.items() if path.is_file()]
    joined = read_json(artifact.folder / "done.json") if job.output.is_file() else None
    is_joined = len(done) == len(chunks) and joined is not None and joined == _stamp(project, job, chunks.values())
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
    return ReadySwap(swap, model, mergers, spans, faceset, fingerprint(job.clip))


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
    write_json(artifact.folder / "done.json", _stamp(project, job, chunks.values()))
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
    faces = [part.faces_between(*span) for part in ready]
    batches = _batches(ahead(reader.frames(*span), depth=8))
    first = next(batches, None)
    if first is None:
        path.touch()  # an empty chunk stands for a stretch of the clip that cannot be decoded
    else:
        with ChunkWriter(path, reader.info, encoding) as writer, Behind(encode, depth=8) as encoder:
            for batch in chain((first,), batches):
                _merge_batch(batch, faces)
                for frame in batch:
                    encoder.put(frame)
    progress.advance(len(reader.undecodable) - lost)


def _batches(frames: Iterator[DecodedFrame]) -> Iterator[list[DecodedFrame]]:
    batch: list[DecodedFrame] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == BATCH_FRAMES:
            yield batch
            batch = []
    if batch:
        yield batch


def _merge_batch(batch: Sequence[DecodedFrame], chosen_faces: Sequence[SpanFaces]) -> None:
    """Swap and merge the chosen faces of a few frames, in place."""
    for faces in chosen_faces:
        part = faces.ready
        places = [(frame, row) for frame in batch for row in faces.by_frame.get(frame.index, ())]
        if not places:
            continue
        pictures = {frame.index: frame.frame() for frame, _ in places}
        spec = part.model.crop_spec
        crops = [warp_crop(pictures[frame.index], row.face, spec.face_type, spec.size) for frame, row in places]
        with blaming(part.swap.model.offer, f"swapping faces of frames {places[0][0].index} to {places[-1][0].index}"):
            swapped = part.model.swap(crops)
        for (frame, row), crop, swap in zip(places, crops, swapped, strict=True):
            chosen, merger = part.merger_at(frame.index)
            mask = mask_over_crop(faces.masks[row.name], row, spec)
            x0, y0, x1, y1 = reach(crop, pictures[frame.index])
            if x0 >= x1 or y0 >= y1:
                continue
            region = frame.region(x0, y0, x1, y1)
            with blaming(chosen.offer, f"merging the face at frame {frame.index}"):
                layer = merger.merge(region, swap, crop, mask)
            frame.lay(region, layer)


def reach(crop: Crop, frame: Frame) -> tuple[int, int, int, int]:
    """Return the box around a crop's square in its frame, two px wider, as far as the frame goes."""
    corners = crop_corners(crop.frame_to_crop, crop.size)
    low, high = np.floor(corners.min(axis=0)).astype(int) - 2, np.ceil(corners.max(axis=0)).astype(int) + 3
    height, width = frame.rgb.shape[:2]
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))


def mask_over_crop(mask_png: bytes, row: FaceRow, spec: CropSpec) -> Mask:
    """Return a face's stored mask over the square of the model's crop."""
    stored = decode_mask(mask_png, f"mask of {row.name}")
    wanted = frame_to_crop(row.landmarks, spec.face_type, MASK_SIZE, mesh=row.face.mesh)
    return Mask(warp_mask(stored, compose(invert(row.frame_to_crop), wanted), MASK_SIZE))


def _swap_recipe(work: WorkFolder, swap: ChosenSwap, learnt: Any) -> dict[str, Any]:
    return {
        "model": swap.model.recipe(),
        "learnt": learnt,
        "face": face_recipe(swap.target, swap.face),
        "extract": faceset_artifact(work, swap.target).recipe,
        "merger": swap.merger.recipe(),
        "ranges": [
            {"from": str(part.start), "to": str(part.end), "merger": part.merger.recipe()} for part in swap.ranges
        ],
    }


def _spans(info: ClipInfo) -> list[tuple[int, int]]:
    total = len(info.pts)
    return [(first, min(first + CHUNK_FRAMES, total)) for first in range(0, total, CHUNK_FRAMES)]


def _chunks(work: WorkFolder, artifact: Artifact, job: ClipJob, info: ClipInfo) -> dict[tuple[int, int], Path]:
    """Return the file of every chunk, named after the faces in it: only chunks whose faces changed are made anew.

    A face whose picture was deleted is not merged.
    """
    spans, key = _spans(info), fingerprint(job.clip)
    stamps: list[list[str]] = [[] for _ in spans]
    for swap in job.swaps:
        with Faceset(faceset_artifact(work, swap.target).folder) as index:
            wanted = wanted_faces(index, swap.target, swap.face)
            names = {note.name for note in chosen_faces(index.notes([key]), wanted)}
            for number, span in enumerate(spans):
                found = index.span_stamps(key, *span)
                stamps[number] += [f"{swap.index} {name} {found[name]}" for name in found if name in names]
    return {
        span: artifact.folder / f"chunk-{span[0]:08d}-{digest(stamp)[:12]}.video"
        for span, stamp in zip(spans, stamps, strict=True)
    }


def _stamp(project: LoadedProject, job: ClipJob, chunks: Iterable[Path]) -> dict[str, Any]:
    stat = job.output.stat()
    tags = digest(marking_of(project, job))
    names = digest([chunk.name for chunk in chunks])
    return {
        "output": str(job.output),
        "bytes": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "tags": tags,
        "chunks": names,
    }
