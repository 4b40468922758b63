"""How far is a faceset of a project, and how is the rest of it made?"""

from __future__ import annotations

import functools
import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from understudy.corrections import Corrections, HandFace
from understudy.errors import RequestError, StageYieldError
from understudy.faceset import FORMAT, Faceset
from understudy.masking import JoinedMasker
from understudy.progress import Progress
from understudy.project import ChosenFaceset
from understudy.store import Artifact, WorkFolder, digest, read_json
from understudy.video import ClipInfo, check_square, fingerprint, probe, refuse_unlike
from understudy_sdk import Resources

from .by_hand import faces_by_hand
from .cutting import Cutter, cut_clip, digest_of
from .finding import CHUNK_FRAMES, Finder, find_clip, spans_of
from .findings import FORMAT as FINDINGS_FORMAT
from .findings import Findings
from .settling import Hand, SettledClip, needs_mesh

__all__ = [
    "check_clips",
    "check_unchanging",
    "extract_faceset",
    "faceset_artifact",
    "faceset_progress",
    "findings_artifact",
    "replaced_clips",
    "require_extracted",
]

REVISION: Final = 1
"""Raised when the same findings and choices give other crops."""


def findings_artifact(work: WorkFolder, faceset: ChosenFaceset) -> Artifact:
    """Return the place of what is seen in a faceset's clips: keyed by who looks and how often."""
    choice = faceset.extract
    recipe = {
        "format": FINDINGS_FORMAT,
        "chunk_frames": CHUNK_FRAMES,
        "detector": choice.detector.recipe(),
        "aligner": choice.aligner.recipe(),
        "detect_every": choice.detect_every,
    } | ({"rate": str(faceset.rate)} if faceset.rate else {})
    return work.artifact("find", faceset.name, recipe)


def faceset_artifact(work: WorkFolder, faceset: ChosenFaceset) -> Artifact:
    """Return the place of a faceset: keyed by how faces are made, while its index knows of which clips.

    People's corrections are no part of the key: they change single chunks of a faceset, not all of it.
    """
    if faceset.faces is not None:
        return _finished(faceset.name, faceset.faces)
    choice = faceset.extract
    recipe = {
        "format": FORMAT,
        "revision": REVISION,
        "find": findings_artifact(work, faceset).recipe,
        "maskers": [masker.recipe() for masker in choice.maskers],
        "mask_join": choice.mask_join if len(choice.maskers) > 1 else None,
        "face_type": str(choice.face_type),
        "crop_size": choice.crop_size,
        "crop_format": choice.crop_format,
        "crop_quality": None if choice.crop_format == "png" else choice.crop_quality,
        "crop_filter": choice.crop_filter,
        "steadiness": choice.steadiness,
        "fill_gaps_s": choice.fill_gaps_s,
    }
    return work.artifact("extract", faceset.name, recipe)


def faceset_progress(artifact: Artifact, faceset: ChosenFaceset) -> tuple[int, int, int]:
    """Return a faceset's finished frames, all its frames, and its faces."""
    if faceset.faces is not None:
        with Faceset(artifact.folder) as index:
            counts = [index.progress(clip.fingerprint) for clip in index.clips()]
        frames = sum(frames for frames, _ in counts)
        return frames, frames, sum(faces for _, faces in counts)
    clips = [(fingerprint(clip), probe(clip)) for clip in faceset.clips]
    total = sum(len(info.pts) for _, info in clips)
    if not (artifact.folder / "index.sqlite").is_file():
        return 0, total, 0
    corrections, done, faces = Corrections.load(faceset.corrections), 0, 0
    with Faceset(artifact.folder) as index:
        for key, _ in clips:
            frames, count = index.progress(key)
            outdated = sorted(_outdated(index, key, corrections.of(key)))
            spans = index.finished_spans(key) if outdated else []
            again = [
                (first, stop) for first, stop in spans if bisect_left(outdated, first) < bisect_left(outdated, stop)
            ]
            done += frames - sum(stop - first for first, stop in again)
            faces += count
    return done, total, faces


def require_extracted(work: WorkFolder, *facesets: ChosenFaceset) -> None:
    """Refuse to go on with facesets that are not whole yet, or hold no faces.

    Raises:
        RequestError: Names the faceset, and the command that extracts it.
    """
    for faceset in facesets:
        artifact = faceset_artifact(work, faceset)
        done, total, faces = faceset_progress(artifact, faceset)
        if done < total and (replaced := replaced_clips(artifact, faceset)):
            names = ", ".join(clip.name for clip in replaced)
            raise RequestError(
                f"{names} is not the footage any more that the faces of {faceset.name!r} were taken from: another file"
                " stands in its place\n"
                "  put the former one back, or take the faces anew: understudy extract; a run of all phases does that"
            )
        if done < total or not faces:
            raise RequestError(
                f"the faceset {faceset.name!r} is not extracted yet ({done} of {total} frames)\n"
                f"  run the extract phase first: understudy extract"
            )


def replaced_clips(artifact: Artifact, faceset: ChosenFaceset) -> tuple[Path, ...]:
    """Return the clips that are other files now than those of the same name that faces were taken from."""
    if faceset.faces is not None or not (artifact.folder / "index.sqlite").is_file():
        return ()
    now = {fingerprint(clip): clip for clip in faceset.clips}
    with Faceset(artifact.folder) as index:
        known = {row.fingerprint: row.name for row in index.clips()}
    gone = {name for key, name in known.items() if key not in now}
    return tuple(clip for key, clip in now.items() if key not in known and clip.name in gone)


def check_clips(faceset: ChosenFaceset) -> None:
    """Refuse clips of which no faces should be taken, before any work.

    Raises:
        MediaError: A clip cannot be read, or its pixels are not square.
    """
    for clip in faceset.clips:
        check_square(probe(clip))


def check_unchanging(work: WorkFolder, faceset: ChosenFaceset, clip: Path) -> None:
    """Refuse to merge into a clip whose frames were found to change their size or format midway.

    Raises:
        MediaError: When they do; the first such frame is named.
    """
    folder = findings_artifact(work, faceset).folder
    if (folder / "found.sqlite").is_file():
        with Findings(folder) as findings:
            unlike = findings.unlike(findings.clip_number(fingerprint(clip)))
        for frame, words in sorted(unlike.items())[:1]:
            refuse_unlike(probe(clip), frame, words)


def extract_faceset(
    work: WorkFolder, artifact: Artifact, faceset: ChosenFaceset, resources: Resources, progress: Progress
) -> int:
    """Find and cut the faces of a faceset's clips, as far as that is not done yet; return how many there are.

    Raises:
        StageYieldError: When no clip of it shows a face.
        MediaError: When a clip cannot be read.
    """
    choice = faceset.extract
    finder = functools.cache(lambda: Finder.build(choice, resources))
    # what these lack, such as weights, shows before all the work, not after half of it
    masker = JoinedMasker.build(choice.maskers, choice.mask_join, resources)
    if choice.recognizer is not None:
        choice.recognizer.build(resources)
    found = findings_artifact(work, faceset)
    with Findings(found.prepare(), writable=True) as findings:
        _find(findings, faceset, finder, resources, progress)
        done, total, _ = faceset_progress(artifact, faceset)
        with Faceset(artifact.prepare(), writable=True) as index:
            if done < total:
                progress.start(f"extract {faceset.name}: cut", total, "frames", done=done, device=resources.device)
                first_track = 0
                for clip in faceset.clips:
                    first_track = _cut(index, findings, clip, (faceset, masker, first_track, finder), progress)
                _renumber_others(index, faceset, first_track)
                progress.finish()
            if dropped := index.drop_rows_without_picture():
                progress.say(f"{faceset.name}: {dropped} faces left out, their pictures were deleted")
            return _count_faces(index, faceset, progress)


def _finished(name: str, folder: Path) -> Artifact:
    if not (folder / "index.sqlite").is_file():
        raise RequestError(f"the finished faceset {name!r} is not in {folder} any more\n  put it back, or name another")
    with Faceset(folder) as index:
        recipe = {
            "faces": [clip.fingerprint for clip in index.clips()],
            "made_with": read_json(folder / "recipe.json"),
        }
    return Artifact("extract", name, digest(recipe), folder, recipe)


def _find(findings: Findings, faceset: ChosenFaceset, finder: Any, resources: Resources, progress: Progress) -> None:
    infos = [(fingerprint(clip), probe(clip)) for clip in faceset.clips]
    total = sum(len(info.pts) for _, info in infos)
    done = sum(findings.frames_done(key) for key, _ in infos)
    if done < total:
        ready = finder()
        progress.start(f"extract {faceset.name}: find", total, "frames", done=done, device=resources.device)
        for clip in faceset.clips:
            find_clip(findings, clip, ready, progress, faceset.rate)
        progress.finish()


def _cut(
    index: Faceset, findings: Findings, clip: Path, how: tuple[ChosenFaceset, JoinedMasker, int, Any],
    progress: Progress,
) -> int:  # fmt: skip
    """Cut those chunks of a clip whose faces are not those they were cut from; return the next track's number."""
    faceset, masker, first_track, finder = how
    info, key = probe(clip, faceset.rate), fingerprint(clip)
    corrected = Corrections.load(faceset.corrections).of(key)
    seen, number = (
        findings.clip_number(key),
        index.register_clip(key, clip.name, info.time_base, len(info.pts), (info.width, info.height)),
    )
    hand = faces_by_hand(findings, clip, info, seen, corrected, finder, progress)
    if needs_mesh(faceset.extract):
        _say_bare(clip, hand, progress)
    settled = SettledClip(findings, seen, info, faceset.extract, hand, first_track)
    if settled.dropped:
        progress.say(f"{clip.name}: {settled.dropped} faces seen too briefly and weakly are left out")
    finished = index.finished_chunks(number)
    wanted = list[tuple[int, int]]()
    for span in spans_of(info):
        if span[0] in finished:
            faces = settled.faces(*span)
            if finished[span[0]] == digest_of(faces):
                index.set_tracks(number, [(one.frame, one.number, one.track) for one in faces])
                continue
        wanted.append(span)
    cut_clip(
        index,
        number,
        Cutter(faceset.extract, masker, clip, info),
        settled,
        wanted,
        _lost(findings, seen, info),
        progress,
    )
    index.set_value(f"settled:{key}", json.dumps(_stamps(corrected), sort_keys=True))
    return settled.next_track


def _say_bare(clip: Path, hand: Hand, progress: Progress) -> None:
    """Name a corrected frame with a face that lacks what its crop or its mask is made from."""
    bare = [frame for frame, faces in hand.items() if any(face.mesh is None for _, face in faces)]
    for frame in bare[:1]:
        progress.say(
            f"{clip.name}: the aligner gives no mesh for a face put into frame {frame}; it borrows that of a"
            " neighbouring frame, or is left out where there is none"
        )


def _renumber_others(index: Faceset, faceset: ChosenFaceset, first_track: int) -> None:
    """Give tracks of clips that the project no longer names other numbers than those of its clips."""
    keys = {fingerprint(clip) for clip in faceset.clips}
    for clip in index.clips():
        if clip.fingerprint not in keys:
            first_track = index.renumber_tracks(clip.number, first_track)


def _lost(findings: Findings, clip: int, info: ClipInfo) -> list[int]:
    return findings.undecodable(clip, 0, len(info.pts))


def _stamps(corrected: Mapping[int, Sequence[HandFace]]) -> dict[str, str]:
    return {
        str(frame): digest([(face.key(), face.score, face.by) for face in faces]) for frame, faces in corrected.items()
    }


def _outdated(index: Faceset, key: str, corrected: Mapping[int, Sequence[HandFace]]) -> set[int]:
    """Return the frames of a clip that were corrected since its faces were cut, or whose correction was taken back."""
    old, new = json.loads(index.value(f"settled:{key}") or "{}"), _stamps(corrected)
    return {int(frame) for frame in {*old, *new} if old.get(frame) != new.get(frame)}


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
