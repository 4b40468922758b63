"""Which figures has a project by now? They are read from its work folder, a track at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from understudy import __version__
from understudy.corrections import Corrections
from understudy.errors import RequestError
from understudy.extraction import faceset_artifact, faceset_progress
from understudy.faceset import NO_TRACK, ClipRow, FaceNote, Faceset
from understudy.progress import Progress
from understudy.project import ChosenFaceset, LoadedProject
from understudy.steadiness import TrackFigures, track_figures
from understudy.store import WorkFolder
from understudy.video import fingerprint, probe

from .choices import choices_of
from .figures import ClipReport, FacesetReport, PersonReport, ProjectReport, Span
from .merges import merges_of
from .rows import rows_of_track
from .trainings import trainings_of
from .wording import spans_of

__all__ = ["gather", "tracks_of"]


def gather(project: LoadedProject, progress: Progress) -> ProjectReport:
    """Return all figures of a project.

    Raises:
        RequestError: When no clip was extracted yet.
    """
    work, found, missing = WorkFolder(project.work), list[FacesetReport](), list[str]()
    for faceset in project.facesets.values():
        artifact = faceset_artifact(work, faceset)
        done, total, _ = faceset_progress(artifact, faceset)
        if not done:
            progress.say(f"{faceset.name}: not extracted yet")
            missing.append(faceset.name)
            continue
        if done < total:
            progress.say(f"{faceset.name}: {done} of {total} frames are extracted; the report is about those")
        with Faceset(artifact.folder) as index:
            found.append(_faceset_report(project, faceset, index, (done, total), progress))
    if not found:
        raise RequestError(f"nothing of {project.path.name} is extracted yet\n  run the extract phase first")
    return ProjectReport(
        name=project.name,
        project=str(project.path),
        version=__version__,
        facesets=tuple(found),
        unextracted=tuple(missing),
        trainings=tuple(trainings_of(work, project, progress)),
        merges=tuple(merges_of(work, project, progress)),
    )


def tracks_of(index: Faceset, fingerprint: str) -> dict[int, list[FaceNote]]:
    """Return the faces of each of a clip's tracks, by number."""
    tracks: dict[int, list[FaceNote]] = {}
    for note in index.notes([fingerprint]):
        if note.track != NO_TRACK:
            tracks.setdefault(note.track, []).append(note)
    return dict(sorted(tracks.items()))


def _faceset_report(
    project: LoadedProject, faceset: ChosenFaceset, index: Faceset, frames: tuple[int, int], progress: Progress
) -> FacesetReport:
    rows = {row.fingerprint: row for row in index.clips()}
    files = {fingerprint(path): path for path in faceset.clips} if faceset.faces is None else dict.fromkeys(rows)
    tracks = sum(len(tracks_of(index, key)) for key in files if key in rows)
    progress.start(f"report {faceset.name}", tracks, "tracks")
    corrections = Corrections.load(faceset.corrections)
    clips = [
        _clip_report(index, rows[key], path, len(corrections.of(key)), progress)
        for key, path in files.items()
        if key in rows
    ]
    progress.finish()
    return FacesetReport(
        name=faceset.name,
        folder=str(index.folder),
        choices=choices_of(faceset),
        done=frames[0],
        total=frames[1],
        clips=tuple(clips),
        people=tuple(_people(project, faceset.name, clips)),
    )


def _clip_report(index: Faceset, clip: ClipRow, path: Path | None, corrected: int, progress: Progress) -> ClipReport:
    notes, info = index.notes([clip.fingerprint]), probe(path) if path else None
    lost = index.undecodable(clip.fingerprint)
    per_frame = Counter(note.frame for note in notes)
    figures = list[TrackFigures]()
    for track, own in tracks_of(index, clip.fingerprint).items():
        rows = rows_of_track(index, clip.fingerprint, track, (own[0].frame, own[-1].frame))
        figures.append(track_figures(rows, clip, index.touching(clip.fingerprint, track)))
        progress.advance()
    return ClipReport(
        name=clip.name,
        fingerprint=clip.fingerprint,
        width=clip.width,
        height=clip.height,
        frames=clip.frames,
        done=index.progress(clip.fingerprint)[0],
        frames_per_s=float(info.average_rate) if info else None,
        start_s=float(info.pts[0] * info.time_base) if info else 0.0,
        faces=len(notes),
        origins=index.origins(clip.fingerprint),
        without_face=_without_face(index, clip, set(per_frame).union(lost)),
        several=sum(count > 1 for count in per_frame.values()),
        undecodable=spans_of(lost),
        corrected=corrected,
        double=sum(one.double for one in figures),
        set_aside=sum(note.is_marked for note in notes),
        untracked=sum(note.track == NO_TRACK for note in notes),
        tracks=tuple(sorted(figures, key=lambda one: (-one.faces, one.track))),
    )


def _without_face(index: Faceset, clip: ClipRow, known: set[int]) -> tuple[Span, ...]:
    """Return the spans of a clip's extracted frames that are not among the known ones."""
    spans = index.finished_spans(clip.fingerprint)
    return spans_of(frame for first, stop in spans for frame in range(first, stop) if frame not in known)


def _people(project: LoadedProject, faceset: str, clips: Sequence[ClipReport]) -> Iterator[PersonReport]:
    """Yield everybody whom the project or a recognizer names, longest on screen first."""
    figures = {one.track: one for clip in clips for one in clip.tracks}
    named = {person.name: person.tracks.get(faceset, ()) for person in project.people.values()}
    found: dict[str, list[int]] = {}
    for one in figures.values():
        if one.person:
            found.setdefault(one.person, []).append(one.track)
    people = [
        *_persons({name: tracks for name, tracks in named.items() if tracks}, figures, is_named=True),
        *_persons({name: tracks for name, tracks in found.items() if name not in named}, figures, is_named=False),
    ]
    yield from sorted(people, key=lambda person: (-person.is_named, -person.shown_s, person.name))


def _persons(
    tracks_of_person: Mapping[str, Iterable[int]], figures: Mapping[int, TrackFigures], *, is_named: bool
) -> Iterator[PersonReport]:
    for name, tracks in tracks_of_person.items():
        own = [figures[track] for track in sorted(tracks) if track in figures]
        shown_s = sum(one.faces * (one.last_s - one.first_s) / max(one.last - one.first, 1) for one in own)
        yield PersonReport(name, is_named, tuple(one.track for one in own), sum(one.faces for one in own), shown_s)
