"""How do clips become a faceset?

Frames are decoded in one thread, detector and aligner run in the caller's, and a third cuts, masks and encodes the
faces. Chunks are cut at fixed positions and each is made from its own frames alone, so a run that was killed and one
that was not leave the same files, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from understudy_sdk import Aligner, Crop, Detector, Face, FaceType, Frame, Masker, Resources
from understudy_sdk.geometry import frame_to_crop, transform_points
from understudy_sdk.types import F64
from understudy_sdk.warp import warp_picture

from .ahead import ahead
from .errors import StageYieldError
from .faceset import FORMAT, Faceset, FoundFace
from .pictures import encode_png
from .plugins import blaming
from .progress import Progress
from .project import Chosen, ChosenExtract, ChosenFaceset
from .store import Artifact, WorkFolder
from .video import ClipInfo, ClipReader, fingerprint, probe

__all__ = ["CHUNK_FRAMES", "Stages", "extract_faceset", "faceset_artifact", "faceset_progress", "warp_crop"]

CHUNK_FRAMES: Final = 64
"""Frames of a chunk: what a killed run loses at most."""

BATCH_FRAMES: Final = 4
"""Frames given to a stage at once."""

WAITING_BATCHES: Final = 4
"""Batches whose faces may wait to be cut."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The three stages of extraction, ready to work, and how crops are cut."""

    choice: ChosenExtract
    detector: Detector
    aligner: Aligner
    masker: Masker

    @classmethod
    def build(cls, choice: ChosenExtract, resources: Resources) -> Stages:
        """Build the chosen plugins."""
        detector, aligner, masker = (part.build(resources) for part in (choice.detector, choice.aligner, choice.masker))
        return cls(choice, detector, aligner, masker)

    def find(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces with landmarks, best score first."""
        found = _call(self.choice.detector, frames, lambda: self.detector.detect(frames))
        return _call(self.choice.aligner, frames, lambda: self.aligner.align(frames, found))

    def mask(self, crops: Sequence[Crop]) -> list[Any]:
        """Return one 8-bit mask (S, S) per crop."""
        with blaming(self.choice.masker.offer, "masking crops"):
            masks = self.masker.mask(crops)
            if len(masks) != len(crops):
                raise ValueError(f"answered {len(masks)} masks for {len(crops)} crops")
            return [np.rint(mask.values * 255).astype(np.uint8) for mask in masks]


def faceset_artifact(work: WorkFolder, faceset: ChosenFaceset) -> Artifact:
    """Return the place of a faceset: keyed by how faces are made, while its index knows of which clips."""
    choice = faceset.extract
    recipe = {
        "format": FORMAT,
        "chunk_frames": CHUNK_FRAMES,
        "detector": choice.detector.recipe(),
        "aligner": choice.aligner.recipe(),
        "masker": choice.masker.recipe(),
        "face_type": str(choice.face_type),
        "crop_size": choice.crop_size,
    }
    return work.artifact("extract", faceset.name, recipe)


def faceset_progress(artifact: Artifact, faceset: ChosenFaceset) -> tuple[int, int, int]:
    """Return a faceset's finished frames, all its frames, and its faces."""
    infos = [(fingerprint(clip), probe(clip)) for clip in faceset.clips]
    total = sum(len(info.pts) for _, info in infos)
    if not (artifact.folder / "index.sqlite").is_file():
        return 0, total, 0
    with Faceset(artifact.folder) as index:
        counts = [index.progress(key) for key, _ in infos]
    return sum(frames for frames, _ in counts), total, sum(faces for _, faces in counts)


def extract_faceset(artifact: Artifact, faceset: ChosenFaceset, resources: Resources, progress: Progress) -> int:
    """Find the faces of a faceset's clips, as far as they are not found yet; return how many there are.

    Raises:
        StageYieldError: When no clip of it shows a face.
        MediaError: When a clip cannot be read.
    """
    done, total, _ = faceset_progress(artifact, faceset)
    if done < total:
        stages = Stages.build(faceset.extract, resources)
        progress.start(f"extract {faceset.name}", total, "frames", done=done, device=resources.device)
        with Faceset(artifact.prepare(), writable=True) as index:
            for clip in faceset.clips:
                _extract_clip(index, clip, stages, progress)
        progress.finish()
    with Faceset(artifact.folder, writable=True) as index:
        if dropped := index.drop_rows_without_picture():
            progress.say(f"{faceset.name}: {dropped} faces left out, their pictures were deleted")
        return _count_faces(index, faceset, progress)


def warp_crop(frame: Frame, face: Face, face_type: FaceType, size: int) -> Crop:
    """Return a face cut from its frame, with landmarks and mesh in the crop's pixels."""
    assert face.landmarks is not None
    affine = frame_to_crop(face.landmarks, face_type, size)
    rgb = warp_picture(frame.rgb, affine, size)
    landmarks = transform_points(affine, face.landmarks).astype(np.float32)
    return Crop(rgb, affine, face_type, landmarks, None if face.mesh is None else mesh_to_crop(affine, face.mesh))


def mesh_to_crop(affine: F64, mesh: Any) -> Any:
    """Return a dense mesh in a crop's pixels; depth grows with the same scale."""
    scale = float(np.hypot(affine[0, 0], affine[1, 0]))
    return np.column_stack([transform_points(affine, mesh[:, :2]), mesh[:, 2] * scale]).astype(np.float32)


def _extract_clip(index: Faceset, clip: Path, stages: Stages, progress: Progress) -> None:
    info = probe(clip)
    number = index.register_clip(fingerprint(clip), clip.name, info.time_base, len(info.pts), (info.width, info.height))
    finished = index.finished_chunks(number)
    spans = [
        (first, min(first + CHUNK_FRAMES, len(info.pts)))
        for first in range(0, len(info.pts), CHUNK_FRAMES)
        if first not in finished
    ]
    shape = (stages.choice.face_type, stages.choice.crop_size)
    with ThreadPoolExecutor(1, thread_name_prefix="cut") as cutter:
        for span, batches in _decoded(clip, info, spans):
            found, lost = list[Future[list[FoundFace]]](), list[int]()
            for batch in batches:
                if isinstance(batch, _Lost):
                    lost += batch.positions
                    continue
                faces = stages.find([frame for _, frame in batch])
                found.append(cutter.submit(_cut, batch, faces, stages))
                if len(found) > WAITING_BATCHES:
                    found[-1 - WAITING_BATCHES].result()  # frames wait in memory until their faces are cut
                progress.advance(len(batch))
            index.add_chunk(number, span, [face for future in found for face in future.result()], shape, lost)
            if lost:
                progress.advance(len(lost))
                progress.say(f"{clip.name}: {len(lost)} frames could not be decoded: {_ranges(lost)}")


@dataclass(frozen=True, slots=True)
class _Lost:
    positions: list[int]


Positioned = tuple[int, Frame]


def _decoded(
    clip: Path, info: ClipInfo, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Iterator[list[Positioned] | _Lost]]]:
    """Yield each span with its batches; one thread decodes ahead across the spans' borders."""

    def decode() -> Iterator[list[Positioned] | _Lost]:
        with ClipReader(clip, info) as reader:
            for first, stop in spans:
                seen, batch = set[int](), list[Positioned]()
                for decoded in reader.frames(first, stop):
                    seen.add(decoded.index)
                    batch.append((decoded.index, decoded.frame()))
                    if len(batch) == BATCH_FRAMES:
                        yield batch
                        batch = []
                if batch:
                    yield batch
                yield _Lost([position for position in range(first, stop) if position not in seen])

    source = ahead(decode(), depth=4)
    try:
        for span in spans:
            yield span, _until_lost(source)
    finally:
        source.close()  # type: ignore[attr-defined]  # a generator


def _until_lost(source: Iterator[list[Positioned] | _Lost]) -> Iterator[list[Positioned] | _Lost]:
    for batch in source:
        yield batch
        if isinstance(batch, _Lost):
            return


def _cut(batch: Sequence[Positioned], found: Sequence[Sequence[Face]], stages: Stages) -> list[FoundFace]:
    """Cut, mask and encode a batch's faces; one thread only calls this, and so the masker."""
    places = [
        (position, frame, number, face)
        for (position, frame), faces in zip(batch, found, strict=True)
        for number, face in enumerate(faces)
    ]
    choice = stages.choice
    crops = [warp_crop(frame, face, choice.face_type, choice.crop_size) for _, frame, _, face in places]
    masks = stages.mask(crops) if crops else []
    return [
        FoundFace(position, frame.pts, number, face, crop.frame_to_crop, encode_png(crop.rgb), encode_png(mask))
        for (position, frame, number, face), crop, mask in zip(places, crops, masks, strict=True)
    ]


def _call(chosen: Chosen, frames: Sequence[Frame], work: Any) -> list[list[Face]]:
    with blaming(chosen.offer, f"looking at the frames with pts {frames[0].pts} to {frames[-1].pts}"):
        answer: list[list[Face]] = work()
        if len(answer) != len(frames):
            raise ValueError(f"answered {len(answer)} lists for {len(frames)} frames")
        return answer


def _count_faces(index: Faceset, faceset: ChosenFaceset, progress: Progress) -> int:
    total = 0
    for clip in faceset.clips:
        _, faces = index.progress(fingerprint(clip))
        if not faces:
            progress.say(f"{faceset.name}: no face in {clip.name}")
        total += faces
    if not total:
        detector = faceset.extract.detector.name
        raise StageYieldError(
            f"no face was found in the clips of {faceset.name!r}: {', '.join(clip.name for clip in faceset.clips)}\n"
            f"  look at the clip, lower the score the detector {detector!r} asks for, or choose another detector"
        )
    return total


def _ranges(positions: Sequence[int]) -> str:
    """Return positions as people write them: ``3-7, 12``."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
