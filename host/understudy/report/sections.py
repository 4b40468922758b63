"""What does the page say of a faceset and its clips?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from understudy.faceset import NO_TRACK, FaceNote, Faceset
from understudy.progress import Progress
from understudy.steadiness import TrackFigures

from .figures import ClipReport, FacesetReport, PersonReport
from .gathering import tracks_of
from .maps import TimelineRow, pose_map, timeline
from .tables import facts_list, table
from .tiles import face_tiles, spread, thumbnail
from .track_section import track_id, track_section
from .wording import clock, number, short_clock, spans_of, spans_text, text

__all__ = ["MOST_TRACKS", "clip_id", "faceset_id", "faceset_section", "shown_tracks"]

MOST_TRACKS: Final = 24
"""Tracks of a faceset that get a section of their own; those with most faces."""


def faceset_id(faceset: FacesetReport) -> str:
    """Return the place of a faceset in the page."""
    return f"faceset-{_plain(faceset.name)}"


def clip_id(faceset: FacesetReport, clip: ClipReport) -> str:
    """Return the place of a clip in the page."""
    return f"{faceset_id(faceset)}-clip-{faceset.clips.index(clip) + 1}"


def shown_tracks(faceset: FacesetReport) -> list[TrackFigures]:
    """Return the tracks of a faceset that get a section, by clip, the one with most faces first."""
    tracks = [track for clip in faceset.clips for track in clip.tracks]
    biggest = {id(track) for track in sorted(tracks, key=lambda track: -track.faces)[:MOST_TRACKS]}
    return [track for track in tracks if id(track) in biggest]


def faceset_section(faceset: FacesetReport, index: Faceset, progress: Progress) -> Iterator[str]:
    """Yield a faceset's part of the page, piece by piece."""
    name = text(faceset.name)
    yield f'<section class="faceset" id="{faceset_id(faceset)}"><h2>Faceset {name}</h2>'
    if faceset.done < faceset.total:
        yield (
            f'<p class="warning">Only {faceset.done} of {faceset.total} frames are extracted; '
            "all figures are of those.</p>"
        )
    yield '<div class="columns">'
    yield facts_list("What was chosen", faceset.choices)
    yield facts_list("What was found", _totals(faceset))
    yield "</div>"
    if faceset.people:
        yield _people_table(faceset)
    shown = {id(track) for track in shown_tracks(faceset)}
    for clip in faceset.clips:
        yield from _clip_section(faceset, clip, index, shown, progress)
    yield "</section>"


def _totals(faceset: FacesetReport) -> dict[str, str]:
    tracks = sum(len(clip.tracks) for clip in faceset.clips)
    found = {
        "clips": number(len(faceset.clips)),
        "frames": number(faceset.done) if faceset.done == faceset.total else f"{faceset.done} of {faceset.total}",
        "faces": number(faceset.faces),
        "tracks": number(tracks),
        "people": number(len(faceset.people)) if faceset.people else "not told apart",
    }
    if tracks > MOST_TRACKS:
        found["shown below"] = f"the {MOST_TRACKS} tracks with most faces; the tables list all"
    return found


def _people_table(faceset: FacesetReport) -> str:
    sections = {track.track for track in shown_tracks(faceset)}
    rows = [
        [
            f"{text(person.name)}{' <small>named in the project</small>' if person.is_named else ''}",
            _track_links(faceset, person, sections),
            number(person.faces),
            clock(person.shown_s),
        ]
        for person in faceset.people
    ]
    return table("People", ("person", "tracks", "faces", "on screen"), rows, numbers_from=2)


def _track_links(faceset: FacesetReport, person: PersonReport, sections: set[int]) -> str:
    links = [
        f'<a href="#{track_id(faceset_id(faceset), track)}">{track}</a>' if track in sections else str(track)
        for track in person.tracks
    ]
    return ", ".join(links)


def _clip_section(
    faceset: FacesetReport, clip: ClipReport, index: Faceset, shown: set[int], progress: Progress
) -> Iterator[str]:
    place, tracks = faceset_id(faceset), tracks_of(index, clip.fingerprint)
    yield f'<section class="clip" id="{clip_id(faceset, clip)}"><h3>Clip {text(clip.name)}</h3>'
    rate = f", {number(clip.frames_per_s)} frames/s" if clip.frames_per_s else ""
    yield f'<p class="about">{clip.width} × {clip.height}{rate}, {number(clip.frames)} frames</p>'
    yield facts_list("", _clip_facts(clip))
    sections = [track for track in clip.tracks if id(track) in shown]
    links = {track.track: track_id(place, track.track) for track in sections}
    yield _clip_timeline(clip, tracks, links)
    notes = index.notes([clip.fingerprint])
    if len(clip.tracks) != 1 and notes:
        yield f"<h4>Faces of the clip</h4>{face_tiles(index, spread([note.name for note in notes]), clip.start_s)}"
    if clip.untracked:
        yield _loose_poses(index, notes)
    if clip.tracks:
        yield _tracks_table(index, clip, tracks, links)
    for track in sections:
        yield from track_section(place, index, clip, track, [note.name for note in tracks[track.track]])
        progress.advance()
    yield "</section>"


def _clip_facts(clip: ClipReport) -> dict[str, str]:
    missing = sum(last - first + 1 for first, last in clip.without_face)
    lost = sum(last - first + 1 for first, last in clip.undecodable)
    return {
        "frames extracted": number(clip.done) if clip.done == clip.frames else f"{clip.done} of {clip.frames}",
        "faces": number(clip.faces),
        "frames without a face": f"{number(missing)}: {spans_text(clip.without_face)}" if missing else "none",
        "frames with several faces": number(clip.several),
        "undecodable frames": f"{number(lost)}: {spans_text(clip.undecodable)}" if lost else "none",
        "faces by origin": ", ".join(f"{number(count)} {name}" for name, count in clip.origins.items() if count)
        or "none",
        "faces laid over another": number(clip.double),
        "frames corrected by hand": number(clip.corrected),
        "faces set aside": number(clip.set_aside),
        "faces in no track": number(clip.untracked),
    }


def _clip_timeline(clip: ClipReport, tracks: Mapping[int, list[FaceNote]], links: Mapping[int, str]) -> str:
    rows = [
        TimelineRow(
            f"track {track.track}", "present", spans_of(note.frame for note in tracks[track.track]), links[track.track]
        )
        for track in sorted(clip.tracks, key=lambda track: track.first)
        if track.track in links
    ]
    others = {note.frame for track, notes in tracks.items() if track not in links for note in notes}
    if others:
        rows.append(TimelineRow("other tracks", "present", spans_of(sorted(others))))
    rows.append(TimelineRow("no face", "missing", clip.without_face))
    if clip.undecodable:
        rows.append(TimelineRow("undecodable", "missing", clip.undecodable))
    return timeline(rows, clip.frames, (0.0, _length_s(clip)))


def _length_s(clip: ClipReport) -> float:
    if clip.frames_per_s:
        return clip.frames / clip.frames_per_s
    ends = [(track.last, track.last_s) for track in clip.tracks if track.last]
    return max((last_s / last * clip.frames for last, last_s in ends), default=float(clip.frames))


def _loose_poses(index: Faceset, notes: list[FaceNote]) -> str:
    looks = [index.row(note.name).look for note in notes if note.track == NO_TRACK]
    drawn = pose_map(np.array([look.yaw_deg for look in looks]), np.array([look.pitch_deg for look in looks]))
    return f'<h4>Faces in no track</h4><div class="charts">{drawn}</div>'


def _tracks_table(
    index: Faceset, clip: ClipReport, tracks: Mapping[int, list[FaceNote]], links: Mapping[int, str]
) -> str:
    heads = [
        "face", "track", "person", "from", "to", "faces", "filled", "missing", "double", "size px", "yaw °", "pitch °",
        "sharpness", "trembling found", "steadied",
    ]  # fmt: skip
    rows = [_track_cells(index, clip, track, tracks[track.track], links.get(track.track)) for track in clip.tracks]
    if not any(track.person for track in clip.tracks):
        heads.remove("person")
        rows = [[*row[:2], *row[3:]] for row in rows]
    note = (
        "Size and sharpness are medians, yaw and pitch leave a tenth of the faces out at either end. Trembling is "
        "that within the face, in px of a full-face crop of 256 px."
    )
    return table("Tracks", heads, rows, numbers_from=len(heads) - 12, note=note)


def _track_cells(
    index: Faceset, clip: ClipReport, track: TrackFigures, own: list[FaceNote], link: str | None
) -> list[str]:
    return [
        thumbnail(index, own[len(own) // 2].name, f"track {track.track}"),
        f'<b><a href="#{link}">{track.track}</a></b>' if link else f"<b>{track.track}</b>",
        f'<span class="name">{text(track.person)}</span>',
        f"{track.first}<br><small>{short_clock(track.first_s - clip.start_s, is_fine=True)}</small>",
        f"{track.last}<br><small>{short_clock(track.last_s - clip.start_s, is_fine=True)}</small>",
        number(track.faces),
        number(track.origins["filled"]),
        number(track.missing),
        number(track.double),
        number(track.size_px.median),
        f"{track.yaw_deg.low:.0f} to {track.yaw_deg.high:.0f}",
        f"{track.pitch_deg.low:.0f} to {track.pitch_deg.high:.0f}",
        number(track.sharpness.median),
        f"{track.found.within_256_px:.3f}" if track.found else "–",
        f"{track.steadied.within_256_px:.3f}" if track.steadied else "–",
    ]


def _plain(name: str) -> str:
    """Return a name as part of an address within the page; names of facesets are plain words or nearly so."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "_-") else f"_{ord(one):x}_" for one in name)
