"""What decides a merged clip, chunk by chunk, and how much of it is there?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from understudy.clock import Clock
from understudy.extraction import faceset_artifact
from understudy.faceset import FaceNote, Faceset
from understudy.learning import chosen_faces
from understudy.predicting import recipe_of_answers
from understudy.predicting.keyed import KeyedModel
from understudy.project import ChosenSwap, FaceChoice, LoadedProject, VideoSettings
from understudy.provenance.attesting import signer_mark
from understudy.selection import wanted_faces
from understudy.store import Artifact, WorkFolder, digest, read_json
from understudy.swapping import SettingsOverTime, Window, settings_over_time
from understudy.video import ClipInfo, encoding_for, fingerprint

from .jobs import ClipJob, marking_of

__all__ = [
    "CHUNK_FRAMES",
    "chunk_files",
    "merge_artifact",
    "merge_progress",
    "output_stamp",
    "settings_in",
    "window_of",
]

CHUNK_FRAMES: Final = 120
"""Frames of a chunk: what a killed run loses at most, and one closed group of pictures or more."""

FORMAT: Final = 5
"""Version of what merging makes from the same recipe."""


def merge_artifact(work: WorkFolder, job: ClipJob, video: VideoSettings, learnt: Mapping[int, Any]) -> Artifact:
    """Return the place of a clip's merged chunks.

    Args:
        work: The work folder.
        job: The clip.
        video: How it is encoded.
        learnt: What each swap's model knows, by the swap's number: a checkpoint's name, or None.
    """
    coded = encoding_for(video, job.info())
    recipe = {
        "format": FORMAT,
        "chunk_frames": CHUNK_FRAMES,
        "clip": fingerprint(job.clip),
        "video": {"codec": coded.codec, "pixel_format": coded.pixel_format, "options": dict(coded.options)}
        | ({"pictures": job.names.rpartition(".")[2]} if job.names else {}),
        "swaps": [_swap_recipe(work, swap, learnt[swap.index]) for swap in job.swaps],
    } | ({"label": job.label} if job.label else {})
    return work.artifact("merge", job.clip.stem, recipe)


def merge_progress(work: WorkFolder, artifact: Artifact, job: ClipJob, project: LoadedProject) -> tuple[int, int, bool]:
    """Return a clip's merged frames, all its frames, and whether its output is in place as it should be."""
    info = job.info()
    chunks = chunk_files(work, artifact, job, info)
    done = [stop - first for (first, stop), path in chunks.items() if path.is_file()]
    joined = read_json(artifact.folder / "done.json") if job.output.exists() else None
    is_joined = len(done) == len(chunks) and joined is not None
    is_joined = is_joined and joined == output_stamp(project, job, chunks.values(), signer_mark(project))
    return sum(done), len(info.pts), is_joined


def chunk_files(work: WorkFolder, artifact: Artifact, job: ClipJob, info: ClipInfo) -> dict[tuple[int, int], Path]:
    """Return the file of every chunk, named after its faces, their masks, and what ranges and keyframes do with them.

    Only chunks of which any of that changed are made anew. A face whose picture was deleted is not merged. The faces
    just before and after a chunk count too, for the movement they show; where swaps are steadied, all that steady it.
    """
    spans, key = _spans(info), fingerprint(job.clip)
    stamps: list[list[str]] = [[] for _ in spans]
    windows = [window_of(swap, info) for swap in job.swaps]
    for swap, window in zip(job.swaps, windows, strict=True):
        with Faceset(faceset_artifact(work, swap.target).folder) as index:
            wanted = wanted_faces(index, swap.target, swap.face)
            notes = chosen_faces(index.notes([key]), wanted)
            tracks = {note.name: note.track for note in notes}
            keyed = KeyedModel.of(swap, job.clip)
            times = _stamps_of_times(settings_in(work, swap, job, info, index), notes)
            for stamp, span in zip(stamps, spans, strict=True):
                first, stop = window.widened(span)
                found = index.span_stamps(key, first - 1, stop + 1)
                stamp += [f"{swap.index} {name} {found[name]} {tracks[name]}" for name in found if name in tracks]
                stamp += [f"{swap.index} {name} {times[name]}" for name in found if name in times]
                masks = index.mask_stamps(key, first, stop)
                stamp += [f"{swap.index} {name} mask {masks[name]}" for name in masks if name in tracks]
                stamp.extend(keyed.stamps(range(first, stop)))
    return {
        span: artifact.folder / f"chunk-{span[0]:08d}-{digest(stamp)[:12]}.video"
        for span, stamp in zip(spans, stamps, strict=True)
    }


def output_stamp(project: LoadedProject, job: ClipJob, chunks: Iterable[Path], signer: str) -> dict[str, Any]:
    """Return what a finished output is known by: the file as it is, its tags, its chunks and who signed it."""
    stats = [path.stat() for path in (sorted(job.output.iterdir()) if job.names else (job.output,))]
    tags = digest(marking_of(project, job))
    names = digest([chunk.name for chunk in chunks])
    return {
        "output": str(job.output),
        "bytes": sum(stat.st_size for stat in stats),
        "mtime_ns": max((stat.st_mtime_ns for stat in stats), default=0),
        "tags": tags,
        "chunks": names,
        "signer": signer,
    }


def window_of(swap: ChosenSwap, info: ClipInfo) -> Window:
    """Return which of a clip's frames steady each other in a swap."""
    return Window(info.pts, info.time_base, swap.steadiness, swap.steady_colors)


def settings_in(
    work: WorkFolder, swap: ChosenSwap, job: ClipJob, info: ClipInfo, index: Faceset | None = None
) -> SettingsOverTime:
    """Return what a swap does with each face of a clip; ``index`` is the target's faceset where it is open already.

    Raises:
        RequestError: A moment is none of this clip, or whoever a range is about is not in the faceset.
    """

    def tracks_of(face: FaceChoice) -> frozenset[int]:
        with nullcontext(index) if index else Faceset(faceset_artifact(work, swap.target).folder) as opened:
            wanted = wanted_faces(opened, swap.target, face)
        assert not isinstance(wanted, str)  # a range names who it is about
        return wanted

    return settings_over_time(swap, Clock(info, job.timecode), tracks_of)


def _stamps_of_times(settings: SettingsOverTime, notes: Iterable[FaceNote]) -> dict[str, str]:
    """Return what ranges and keyframes do with faces, by the faces' names; without those that stay as they are."""
    stamps = dict[str, str]()
    if settings.is_plain:
        return stamps
    for note in notes:
        held = settings.at(note.track, note.frame)
        if held is None or held.opacity < 1.0 or held.merger != settings.whole.merger:
            stamps[note.name] = digest(held.recipe())[:12] if held else "skipped"
    return stamps


def _swap_recipe(work: WorkFolder, swap: ChosenSwap, learnt: Any) -> dict[str, Any]:
    more: dict[str, Any] = {"steadiness": swap.steadiness} if swap.steadiness else {}
    if swap.steady_colors:
        more["steady_colors"] = swap.steady_colors
    return {
        **recipe_of_answers(work, swap, learnt),
        "merger": swap.merger.recipe(),
        "ranges": [],  # what they say is in the names of the chunks that they touch
    } | more


def _spans(info: ClipInfo) -> list[tuple[int, int]]:
    total = len(info.pts)
    return [(first, min(first + CHUNK_FRAMES, total)) for first in range(0, total, CHUNK_FRAMES)]
