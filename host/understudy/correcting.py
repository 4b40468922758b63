"""How are a faceset's faces handed out for correction, taken back, and searched again on single frames?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from understudy_sdk import Face

from .corrections import ClipFaces, Corrections, HandFace, read_faces_file, write_faces_file
from .errors import RequestError
from .extraction import Finder, faceset_artifact, findings_artifact
from .extraction.findings import Findings
from .faceset import ClipRow, FaceRow, Faceset
from .phases import resources_for
from .progress import Progress
from .project import ChosenFaceset, LoadedProject
from .store import WorkFolder
from .video import ClipReader, fingerprint, probe

__all__ = ["Taken", "clear_corrections", "export_faces", "frames_of", "import_faces", "search_again"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import changed.

    Attributes:
        corrected: Frames that hold now what the file says.
        unchanged: Frames in which the file says what is so already.
        undone: Corrected frames that are as the machine found them again.
    """

    corrected: int
    unchanged: int
    undone: int


def frames_of(text: str) -> list[int]:
    """Return the frames that a text such as ``100,200-210`` names, in order.

    Raises:
        RequestError: It is no such text.
    """
    frames: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise RequestError(f"{part.strip()!r} names no frames\n  write numbers and spans, such as 100,200-210")
        frames.update(range(first, last + 1))
    return sorted(frames)


def export_faces(
    project: LoadedProject, name: str, path: Path, frames: Collection[int] | None = None, clip: str | None = None
) -> int:
    """Write a faceset's found and corrected faces to a JSON file, and return of how many frames.

    Args:
        project: The project.
        name: Of the faceset.
        path: The file.
        frames: Positions to write, of each clip; all where it is None.
        clip: File name of the one clip that is meant; all of them where it is None.

    Raises:
        RequestError: There is no such faceset, or its faces were not searched yet.
    """
    faceset, work = _faceset(project, name), WorkFolder(project.work)
    corrections = Corrections.load(faceset.corrections)
    with Findings(findings_artifact(work, faceset).folder) as findings:
        clips = [_clip_faces(findings, corrections, one, frames) for one in _clips(faceset, clip)]
    write_faces_file(path, name, clips, _tracks(work, faceset, frames))
    return sum(len(clip.frames) for clip in clips)


def import_faces(project: LoadedProject, name: str, path: Path) -> Taken:
    """Take a JSON file's faces as corrections where they differ from what the machine found.

    A frame that the file lists holds from then on exactly the faces that it lists; frames that it does not list stay as
    they are.

    Raises:
        RequestError: The file is wrong, or speaks of clips or frames that the faceset does not have.
    """
    faceset, work = _faceset(project, name), WorkFolder(project.work)
    given = read_faces_file(path)
    _check_known(faceset, given, path)
    before = Corrections.load(faceset.corrections)
    after, corrected, unchanged, undone = before, 0, 0, 0
    with Findings(findings_artifact(work, faceset).folder) as findings:
        for clip in given:
            number, changes = findings.clip_number(clip.fingerprint), dict[int, tuple[HandFace, ...] | None]()
            for frame, faces in clip.frames.items():
                found = [seen.face for _, _, seen in findings.faces(number, frame, frame + 1)]
                held = before.of(clip.fingerprint).get(frame)
                correction = _correction(faces, found, held or ())
                if _stamps(correction) == _stamps(held):
                    unchanged += 1
                    continue
                changes[frame] = correction
                undone += correction is None
                corrected += correction is not None
            after = after.with_frames(clip.fingerprint, clip.clip, changes)
    after.save(faceset.corrections, name)
    return Taken(corrected, unchanged, undone)


def search_again(
    project: LoadedProject, name: str, frames: Collection[int], progress: Progress, clip: str | None = None
) -> int:
    """Look at single frames anew, with the detector and aligner as the project has them now; return the faces found.

    What is found there counts as a correction of these frames: it is kept whatever the other frames were searched with.

    Raises:
        RequestError: There is no such faceset, or no clip of it has such a frame.
    """
    faceset = _faceset(project, name)
    resources = resources_for(project)
    finder, clips = Finder.build(faceset.extract, resources), _clips(faceset, clip)
    corrections, count, known = Corrections.load(faceset.corrections), 0, 0
    progress.start(f"search {name} again", len(frames) * len(clips), "frames", device=resources.device)
    for one in clips:
        info, changes = probe(one), dict[int, tuple[HandFace, ...] | None]()
        with ClipReader(one, info) as reader:
            for position in sorted(frame for frame in frames if frame < len(info.pts)):
                known += 1
                for decoded in reader.frames(position, position + 1):
                    faces = finder.look([decoded.frame()])[0]
                    changes[position] = tuple(_as_found(face) for face in faces)
                    count += len(faces)
                progress.advance()
        corrections = corrections.with_frames(fingerprint(one), one.name, changes)
    progress.finish()
    if not known:
        raise RequestError(f"no clip of {name!r} has a frame {min(frames)}")
    corrections.save(faceset.corrections, name)
    return count


def clear_corrections(
    project: LoadedProject, name: str, frames: Collection[int] | None = None, clip: str | None = None
) -> int:
    """Take corrections back, all or those of some frames, and return of how many frames."""
    faceset = _faceset(project, name)
    corrections, count = Corrections.load(faceset.corrections), 0
    for key, one in corrections.clips.items():
        if clip not in {None, one.clip}:
            continue
        gone = [frame for frame in one.frames if frames is None or frame in frames]
        count += len(gone)
        corrections = corrections.with_frames(key, one.clip, dict.fromkeys(gone))
    corrections.save(faceset.corrections, name)
    return count


def _faceset(project: LoadedProject, name: str) -> ChosenFaceset:
    faceset = project.facesets.get(name)
    if faceset is None:
        raise RequestError(f"{project.path.name} has no faceset {name!r}\n  there are: {', '.join(project.facesets)}")
    if faceset.faces is not None:
        raise RequestError(f"{name!r} is a finished faceset; its faces were found elsewhere")
    return faceset


def _clips(faceset: ChosenFaceset, name: str | None) -> list[Path]:
    """Return a faceset's clips, or the one of that file name."""
    found = [clip for clip in faceset.clips if name in {None, clip.name}]
    if not found:
        names = ", ".join(clip.name for clip in faceset.clips)
        raise RequestError(f"{faceset.name!r} has no clip {name!r}\n  its clips: {names}")
    return found


def _clip_faces(findings: Findings, corrections: Corrections, clip: Path, frames: Collection[int] | None) -> ClipFaces:
    key = fingerprint(clip)
    number, corrected, held = findings.clip_number(key), corrections.of(key), dict[int, list[HandFace]]()
    known = [frame for frame in findings.times(number) if frames is None or frame in frames]
    wanted = set(known)
    for frame, _, seen in findings.faces(number, min(known, default=0), 1 + max(known, default=-1)):
        if frame in wanted:
            held.setdefault(frame, []).append(_as_found(seen.face))
    return ClipFaces(key, clip.name, {at: tuple(corrected.get(at, held.get(at, ()))) for at in known})


def _tracks(
    work: WorkFolder, faceset: ChosenFaceset, frames: Collection[int] | None
) -> dict[tuple[str, int, int], int]:
    """Return the track of every cut face, by its clip, its frame and its place among the frame's found faces."""
    artifact, tracks = faceset_artifact(work, faceset), dict[tuple[str, int, int], int]()
    if not (artifact.folder / "index.sqlite").is_file():
        return tracks
    corrections = Corrections.load(faceset.corrections)
    with Faceset(artifact.folder) as index, Findings(findings_artifact(work, faceset).folder) as findings:
        for clip in index.clips():
            corrected, number = corrections.of(clip.fingerprint), findings.clip_number(clip.fingerprint)
            for row in _rows(index, clip, frames):
                held = corrected.get(row.frame) or [
                    _as_found(seen.face) for _, _, seen in findings.faces(number, row.frame, row.frame + 1)
                ]
                places = [place for place, one in enumerate(held) if np.array_equal(one.box, row.face.box)]
                if places:
                    tracks[clip.fingerprint, row.frame, places[0]] = row.track
    return tracks


def _rows(index: Faceset, clip: ClipRow, frames: Collection[int] | None) -> Iterator[FaceRow]:
    """Yield the cut faces of some frames of a clip, or of all; few of them are in memory at a time."""
    spans = [(at, min(at + 256, clip.frames)) for at in range(0, clip.frames, 256)]
    if frames is not None:
        spans = [(at, at + 1) for at in sorted(set(frames))]
    for first, stop in spans:
        yield from index.rows(clip.fingerprint, first, stop)


def _as_found(face: Face) -> HandFace:
    return HandFace(face.box, face.landmarks, face.score, "machine")


def _correction(
    faces: tuple[HandFace, ...], found: list[Face], held: tuple[HandFace, ...]
) -> tuple[HandFace, ...] | None:
    """Return what a frame's listed faces mean: nothing where they are the found ones."""
    kept = {one.key(): one.by for one in held}
    meant = tuple(
        replace(one, by="machine" if any(one.same_as(face) for face in found) else kept.get(one.key(), "hand"))
        for one in faces
    )
    if len(meant) == len(found) and all(any(one.same_as(face) for one in meant) for face in found):
        return None
    return meant


def _stamps(faces: tuple[HandFace, ...] | None) -> list[tuple[str, float, str]] | None:
    return None if faces is None else [(one.key(), one.score, one.by) for one in faces]


def _check_known(faceset: ChosenFaceset, given: list[ClipFaces], path: Path) -> None:
    lengths = {fingerprint(clip): (clip.name, len(probe(clip).pts)) for clip in faceset.clips}
    faults = list(_unknown(lengths, given))
    if faults:
        shown = [*faults[:20], *([f"and {len(faults) - 20} more"] if len(faults) > 20 else [])]
        raise RequestError("\n  ".join([f"{path} speaks of faces that {faceset.name!r} cannot have", *shown]))


def _unknown(lengths: dict[str, tuple[str, int]], given: list[ClipFaces]) -> Iterator[str]:
    for clip in given:
        if clip.fingerprint not in lengths:
            names = ", ".join(name for name, _ in lengths.values())
            yield f"clip {clip.clip} ({clip.fingerprint[:12]}...): is none of its clips: {names}"
            continue
        frames = lengths[clip.fingerprint][1]
        yield from (f"clip {clip.clip}: frame {at} of {frames}" for at in clip.frames if at >= frames)
