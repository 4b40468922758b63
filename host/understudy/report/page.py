"""What stands on the page, from top to bottom?"""

from __future__ import annotations

from collections.abc import Iterator

from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.progress import Progress
from understudy.project import LoadedProject
from understudy.store import WorkFolder

from .figures import FacesetReport, ProjectReport
from .merge_section import MERGES_ID, merges_section
from .sections import clip_id, faceset_id, faceset_section, shown_tracks
from .style import STYLE
from .track_section import track_id
from .training_section import TRAINING_ID, training_section
from .wording import number, text

__all__ = ["page"]


def page(project: LoadedProject, report: ProjectReport, progress: Progress) -> Iterator[str]:
    """Yield the page, piece by piece; it refers to nothing outside itself."""
    title = text(f"{report.name}: report")
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # the page needs nothing from elsewhere; a browser is to refuse whatever a picture or name might smuggle in
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    yield "style-src 'unsafe-inline'\">"
    yield f"<title>{title}</title><style>{STYLE}</style></head><body>"
    yield '<a class="skip" href="#content">To the content</a><div class="layout">'
    yield f'{_contents(report)}<main id="content">'
    yield from _head(project, report)
    for faceset in report.facesets:
        artifact = faceset_artifact(WorkFolder(project.work), project.facesets[faceset.name])
        progress.start(f"draw {faceset.name}", len(shown_tracks(faceset)), "tracks")
        with Faceset(artifact.folder) as index:
            yield from faceset_section(faceset, index, progress)
        progress.finish()
    if report.trainings:
        yield from training_section(report.trainings)
    if report.merges:
        yield from merges_section(project, report.merges)
    yield f"<footer>Made with Understudy {text(report.version)}</footer></main></div></body></html>\n"


def _contents(report: ProjectReport) -> str:
    items = [_faceset_contents(faceset) for faceset in report.facesets]
    if report.trainings:
        items.append(f'<li><a href="#{TRAINING_ID}">Training</a></li>')
    if report.merges:
        items.append(f'<li><a href="#{MERGES_ID}">Merged clips</a></li>')
    return f'<nav aria-label="Contents"><h2>Contents</h2><ul>{"".join(items)}</ul></nav>'


def _faceset_contents(faceset: FacesetReport) -> str:
    place, shown = faceset_id(faceset), {id(track) for track in shown_tracks(faceset)}
    clips = []
    for clip in faceset.clips:
        tracks = "".join(
            f'<li><a href="#{track_id(place, track.track)}">Track {track.track} {text(track.person)}</a></li>'
            for track in clip.tracks
            if id(track) in shown
        )
        below = f"<ul>{tracks}</ul>" if tracks else ""
        clips.append(f'<li><a href="#{clip_id(faceset, clip)}">{text(clip.name)}</a>{below}</li>')
    return f'<li><a href="#{place}"><b>{text(faceset.name)}</b></a><ul>{"".join(clips)}</ul></li>'


def _head(project: LoadedProject, report: ProjectReport) -> Iterator[str]:
    yield f'<header><h1>{text(report.name)}</h1><p class="about">{text(report.project)}</p>'
    clips = [clip for faceset in report.facesets for clip in faceset.clips]
    figures = {
        "facesets": len(report.facesets),
        "clips": len(clips),
        "frames": sum(clip.done for clip in clips),
        "faces": sum(clip.faces for clip in clips),
        "tracks": sum(len(clip.tracks) for clip in clips),
        "frames without a face": sum(last - first + 1 for clip in clips for first, last in clip.without_face),
    }
    items = "".join(f"<li><b>{number(count)}</b><span>{text(name)}</span></li>" for name, count in figures.items())
    yield f'<ul class="summary">{items}</ul>'
    for name in report.unextracted:
        yield f'<p class="warning">Nothing of the faceset {text(name)} is extracted yet.</p>'
    if project.consent:
        yield f'<p class="about">Consent: {text(project.consent.basis)}, {text(project.consent.statement)}</p>'
    yield "</header>"
