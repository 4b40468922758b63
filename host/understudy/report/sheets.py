"""Which sheets of faces lie beside the page? PNG files: one of each clip, one of each track that has much to show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from understudy.aside import whole_folder
from understudy.contact_sheet import contact_sheet
from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.pictures import write_picture
from understudy.project import LoadedProject
from understudy.store import WorkFolder
from understudy.track_sheet import track_sheet
from understudy_sdk.types import U8

from .figures import ClipReport, FacesetReport, ProjectReport
from .sections import shown_tracks
from .tiles import spread
from .wording import short_clock

__all__ = ["write_sheets"]

_FACES: Final = 48


def write_sheets(project: LoadedProject, report: ProjectReport) -> Path:
    """Write the sheets into the work folder, in place of older ones, and return their folder.

    Raises:
        StoreError: When the disk does not take them.
    """
    target = project.work / "report" / "sheets"
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(target) as folder:
        for faceset in report.facesets:
            artifact = faceset_artifact(WorkFolder(project.work), project.facesets[faceset.name])
            with Faceset(artifact.folder) as index:
                for number, clip in enumerate(faceset.clips, start=1):
                    _write_clip(folder, index, faceset, clip, number)
    return target


def _write_clip(folder: Path, index: Faceset, faceset: FacesetReport, clip: ClipReport, number: int) -> None:
    stem = _plain(f"{faceset.name}-{number}-{Path(clip.name).stem}")
    write_picture(folder / f"{stem}.png", _clip_sheet(index, faceset, clip))
    for track in shown_tracks(faceset):
        if track.fingerprint == clip.fingerprint:
            write_picture(folder / f"{stem}-track-{track.track}.png", track_sheet(index, track.track))


def _clip_sheet(index: Faceset, faceset: FacesetReport, clip: ClipReport) -> U8:
    names = [note.name for note in index.notes([clip.fingerprint])]
    shown = [index.row(name) for name in (spread(names, _FACES) if names else [])]
    times = [short_clock(float(row.pts * row.time_base) - clip.start_s, is_fine=True) for row in shown]
    captions = [f"{row.frame}  {time}  {row.face.score:.2f}" for row, time in zip(shown, times, strict=True)]
    missing = sum(last - first + 1 for first, last in clip.without_face)
    lost = sum(last - first + 1 for first, last in clip.undecodable)
    found = (
        f"{faceset.name}: {clip.name}, {clip.width}x{clip.height}, {clip.done} of {clip.frames} frames, "
        f"{clip.faces} faces, {len(clip.tracks)} tracks"
    )
    heading = [found, f"without a face: {missing} frames, with several: {clip.several}, undecodable: {lost}"]
    return contact_sheet([index.picture(row) for row in shown], captions, heading)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)
