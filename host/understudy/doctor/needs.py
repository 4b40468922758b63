"""Has this machine what one project needs: clips that can be read, room for the work, plugins as they were?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from understudy.errors import MediaError
from understudy.phases import status
from understudy.plugin_record import PluginRecord
from understudy.project import LoadedProject
from understudy.video import ClipInfo, probe

from .finding import Finding

__all__ = ["need_findings", "room_needed"]

CROP_BYTES: Final = 1.2
"""Bytes of a stored crop by pixel, its mask with it, about; PNG of footage with grain."""

FRAME_BYTES: Final = 0.5
"""Bytes of an encoded frame by pixel, chunks and joined clip together, about; x264 at crf 16."""

CHECKPOINTS_BYTES: Final = 4 * 10**9
"""What a training keeps, about: three checkpoints, snapshots."""


def need_findings(project: LoadedProject) -> Iterator[Finding]:
    """Yield the project's clips, the room that what is missing yet takes, and plugins that are other versions now."""
    clips = dict.fromkeys(clip for faceset in project.facesets.values() for clip in faceset.clips)
    infos: dict[Path, ClipInfo] = {}
    for clip in clips:
        try:
            infos[clip] = probe(clip)
        except MediaError as error:
            yield Finding(f"clip {clip.name}", str(error).splitlines()[0], "wrong", f"ffprobe {clip}")
        else:
            info = infos[clip]
            yield Finding(f"clip {clip.name}", f"{len(info.pts)} frames of {info.width}x{info.height}")
    if len(infos) == len(clips):
        yield _room(project, infos)
    for text in PluginRecord(project.work).changes(project.offers):
        yield Finding("plugin version", text, "note", f"understudy status {project.path.name}")


def _room(project: LoadedProject, infos: dict[Path, ClipInfo]) -> Finding:
    needed, free = room_needed(project, infos), shutil.disk_usage(project.root).free
    found = f"about {needed / 1e9:.1f} GB for what is not made yet, {free / 1e9:.1f} GB free at {project.root}"
    mend = f"understudy clean {project.path.name}"
    return Finding("room for the work", found, *(("wrong", mend) if free < needed else ()))


def room_needed(project: LoadedProject, infos: dict[Path, ClipInfo]) -> float:
    """Return about how many bytes the project's missing results will take."""
    missing = {(row.phase, row.name) for row in status(project) if row.state in {"missing", "stale", "partial"}}
    needed = 0.0
    for faceset in project.facesets.values():
        if ("extract", faceset.name) in missing:
            frames = sum(len(infos[clip].pts) for clip in faceset.clips)
            needed += frames * faceset.extract.crop_size**2 * CROP_BYTES
    needed += CHECKPOINTS_BYTES * sum(phase == "train" for phase, _ in missing)
    for clip in project.clips_to_merge():
        if ("merge", clip.stem) in missing:
            needed += len(infos[clip].pts) * infos[clip].width * infos[clip].height * FRAME_BYTES
    return needed
