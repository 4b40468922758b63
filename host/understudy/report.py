"""What did extraction find? One contact sheet per clip, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy_sdk.types import U8

from .errors import RequestError
from .extraction import faceset_artifact, faceset_progress
from .faceset import FaceNote, FaceRow, Faceset
from .pictures import write_picture
from .progress import Progress
from .project import ChosenFaceset, LoadedProject
from .store import WorkFolder
from .video import ClipInfo, fingerprint, probe

__all__ = ["contact_sheet", "write_report"]

COLUMNS: Final = 8
ROWS: Final = 6
TILE_PX: Final = 128
HEAD_PX: Final = 44
FOOT_PX: Final = 18


def write_report(project: LoadedProject, progress: Progress) -> tuple[Path, ...]:
    """Write a contact sheet of the faces of every extracted clip into the work folder, and return their paths.

    Raises:
        RequestError: When no clip was extracted yet.
    """
    work, sheets = WorkFolder(project.work), list[Path]()
    for faceset in project.facesets.values():
        artifact = faceset_artifact(work, faceset)
        done, total, _ = faceset_progress(artifact, faceset)
        if not done:
            progress.say(f"{faceset.name}: not extracted yet")
            continue
        if done < total:
            progress.say(f"{faceset.name}: {done} of {total} frames are extracted; the sheet shows those")
        with Faceset(artifact.folder) as index:
            for number, clip in enumerate(faceset.clips):
                path = project.work / "report" / f"{faceset.name}-{number + 1}-{clip.stem}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_picture(path, _clip_sheet(index, faceset, clip))
                sheets.append(path)
    if not sheets:
        raise RequestError(f"nothing of {project.path.name} is extracted yet\n  run the extract phase first")
    return tuple(sheets)


def contact_sheet(pictures: Sequence[U8], captions: Sequence[str], heading: Sequence[str]) -> U8:
    """Return pictures in a grid, each with a caption below it.

    Args:
        pictures: uint8 (S, S, 3), RGB.
        captions: One for each.
        heading: Up to two lines on top.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    rows = max(1, -(-len(pictures) // COLUMNS))
    sheet = np.full((HEAD_PX + rows * (TILE_PX + FOOT_PX), COLUMNS * TILE_PX, 3), 24, np.uint8)
    for number, line in enumerate(heading):
        _write(sheet, line, (6, 17 + 18 * number), 0.48)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, COLUMNS)
        top, left = HEAD_PX + row * (TILE_PX + FOOT_PX), column * TILE_PX
        tile = cv2.resize(picture, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
        sheet[top : top + TILE_PX, left : left + TILE_PX] = tile
        _write(sheet, caption, (left + 3, top + TILE_PX + 13), 0.36)
    return sheet


def _clip_sheet(index: Faceset, faceset: ChosenFaceset, clip: Path) -> U8:
    info, notes = probe(clip), index.notes([fingerprint(clip)])
    picked = sorted({round(place) for place in np.linspace(0, len(notes) - 1, COLUMNS * ROWS)}) if notes else []
    shown = [index.row(notes[number].name) for number in picked]
    lost = index.undecodable(fingerprint(clip))
    captions = [f"{row.frame}  {_timecode(row)}  {row.face.score:.2f}" for row in shown]
    return contact_sheet([index.picture(row) for row in shown], captions, _heading(faceset, clip, info, notes, lost))


def _heading(
    faceset: ChosenFaceset, clip: Path, info: ClipInfo, notes: Sequence[FaceNote], lost: Sequence[int]
) -> list[str]:
    per_frame = dict[int, int]()
    for note in notes:
        per_frame[note.frame] = per_frame.get(note.frame, 0) + 1
    sides = [float(np.sqrt(note.area)) for note in notes] or [0.0]
    frames = len(info.pts)
    found = (
        f"{faceset.name}: {clip.name}, {info.width}x{info.height}, {frames} frames, {len(notes)} faces, "
        f"{faceset.extract.detector.name} + {faceset.extract.aligner.name}"
    )
    missed = (
        f"without a face: {frames - len(per_frame) - len(lost)} frames, with several: "
        f"{sum(count > 1 for count in per_frame.values())}, undecodable: {len(lost)}, "
        f"box side {min(sides):.0f} to {max(sides):.0f} px"
    )
    return [found, missed]


def _timecode(row: FaceRow) -> str:
    seconds = float(row.pts * row.time_base)
    return f"{int(seconds) // 60:d}:{seconds % 60:05.2f}"


def _write(sheet: U8, text: str, place: tuple[int, int], scale: float) -> None:
    cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (230, 230, 230), 1, cv2.LINE_AA)
