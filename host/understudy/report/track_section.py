"""What does the page say of one track?"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

from understudy.faceset import Faceset
from understudy.steadiness import PITCH_EDGES_DEG, YAW_EDGES_DEG, Jitter, Range, TrackFigures

from .axes import clock_axis
from .charts import Curve, line_chart
from .curves import TrackCurves, curves_of
from .figures import ClipReport
from .maps import pose_map
from .rows import rows_of_track
from .tables import table
from .tiles import face_tiles, spread
from .wording import clock, number, text

__all__ = ["track_id", "track_section"]


def track_id(place: str, track: int) -> str:
    """Return the place of a track in the page; ``place`` is its faceset's."""
    return f"{place}-track-{track}"


def track_section(
    place: str, index: Faceset, clip: ClipReport, track: TrackFigures, names: Sequence[str]
) -> Iterator[str]:
    """Yield a track's part of the page.

    Args:
        place: The faceset's place in the page.
        index: The faceset.
        clip: The track's clip.
        track: The track's figures.
        names: File names of its pictures, in the order of time.
    """
    yield f'<section class="track" id="{track_id(place, track.track)}"><h4>Track {track.track}'
    yield f' <span class="person">{text(track.person)}</span></h4>' if track.person else "</h4>"
    yield f'<p class="about">{text(_about(clip, track))}<br>{text(_counts(track))}</p>'
    yield face_tiles(index, spread(names), clip.start_s)
    rows = rows_of_track(index, clip.fingerprint, track.track, (track.first, track.last))
    curves = curves_of(rows, clip.start_s)
    del rows
    yield f'<div class="charts">{"".join(_charts(curves))}'
    yield f"<div>{_key(track)}{_jitter_table(track)}{_spread_table(track)}</div></div>{_poses(track)}</section>"


def _about(clip: ClipReport, track: TrackFigures) -> str:
    span = f"frames {track.first} to {track.last}"
    times = f"{clock(track.first_s - clip.start_s)} to {clock(track.last_s - clip.start_s)}"
    return (
        f"{clip.name}, {span}, {times}; size {track.size_px.low:.0f} to {track.size_px.high:.0f} px, "
        f"yaw {track.yaw_deg.low:.0f}° to {track.yaw_deg.high:.0f}°, "
        f"pitch {track.pitch_deg.low:.0f}° to {track.pitch_deg.high:.0f}°"
    )


def _counts(track: TrackFigures) -> str:
    origins = ", ".join(f"{number(count)} {name}" for name, count in track.origins.items() if count)
    return f"{number(track.faces)} faces: {origins}; {track.missing} frames missing between, {track.double} double"


def _charts(curves: TrackCurves) -> Iterator[str]:
    at = curves.times_s
    draw = functools.partial(
        line_chart,
        axis_of=clock_axis,
        gaps=curves.gaps(),
        filled=at[curves.is_filled].tolist(),
    )
    yield draw(
        "Trembling within the face",
        "px",
        [
            Curve("before", "found", at, curves.within_found_px),
            Curve("after", "steadied", at, curves.within_steadied_px),
        ],
    )
    yield draw(
        "Trembling of the face as a whole",
        "px",
        [
            Curve("before", "found", at, curves.whole_found_px),
            Curve("after", "steadied", at, curves.whole_steadied_px),
        ],
    )
    yield draw(
        "How far the eyes are open",
        "height over width",
        [Curve("before", "found", at, curves.eyes_found), Curve("after", "steadied", at, curves.eyes_steadied)],
    )
    yield draw("Sharpness", "variance of the Laplacian", [Curve("after", "", at, curves.sharpness)])
    yield draw("Detection score", "", list(_scores(curves)), is_from_zero=False)
    yield draw("Size", "px", [Curve("after", "", at, curves.size_px)], is_from_zero=False)
    yield pose_map(curves.yaw_deg, curves.pitch_deg)


def _key(track: TrackFigures) -> str:
    """Return what the marks in the charts mean, where there are any."""
    gaps = '<span class="key gap">no face</span>' if track.missing else ""
    filled = '<span class="key filled">filled, nobody looked</span>' if track.origins["filled"] else ""
    return f'<p class="marks">In the charts: {gaps} {filled}</p>' if gaps or filled else ""


def _scores(curves: TrackCurves) -> Iterator[Curve]:
    """Yield the scores by who gave them: a detector's and a follower's do not compare."""
    for kind, label, is_theirs in (
        ("two", "followed", curves.is_followed),
        ("one", "detected", ~curves.is_followed & ~curves.is_filled),
    ):
        if is_theirs.any():
            yield Curve(kind, label, curves.times_s[is_theirs], curves.score[is_theirs])


def _jitter_table(track: TrackFigures) -> str:
    def row(name: str, key: str) -> list[str]:
        return [name, *(_jitter_cell(one, key) for one in (track.found, track.steadied)), _share(track, key)]

    rows = [
        row("within the face, px", "within_px"),
        row("the face as a whole, px", "whole_px"),
        row("within, px of a 256 px crop", "within_256_px"),
        row("as a whole, px of a 256 px crop", "whole_256_px"),
        row("within, the stillest quarter, same px", "still_256_px"),
    ]
    return f"<div>{table('Trembling', ('root mean square', 'found', 'steadied', 'left'), rows)}</div>"


def _jitter_cell(jitter: Jitter | None, key: str) -> str:
    return f"{getattr(jitter, key):.3f}" if jitter else "–"


def _share(track: TrackFigures, key: str) -> str:
    if track.found is None or track.steadied is None or getattr(track.found, key) <= 0:
        return "–"
    return f"{getattr(track.steadied, key) / getattr(track.found, key):.0%}"


def _spread_table(track: TrackFigures) -> str:
    spreads: dict[str, Range | None] = {
        "size, px": track.size_px,
        "yaw, degrees": track.yaw_deg,
        "pitch, degrees": track.pitch_deg,
        "sharpness": track.sharpness,
        "brightness": track.brightness,
        "score": track.score,
    }
    rows = [
        [name, *(map(number, (spread.low, spread.median, spread.high)) if spread else ("–", "–", "–"))]
        for name, spread in spreads.items()
    ]
    return f"<div>{table('Spread', ('a tenth lies below, half, a tenth above', 'low', 'median', 'high'), rows)}</div>"


def _poses(track: TrackFigures) -> str:
    """Return the pose histogram, as the map shows it: left is the picture's left, the top row looks up."""
    heads = ["pitch \\ yaw", *(_edges(low, high) for low, high in itertools.pairwise(YAW_EDGES_DEG))]
    names = [_edges(low, high) for low, high in itertools.pairwise(PITCH_EDGES_DEG)]
    rows = [
        [f"<b>{name}</b>", *(number(count) if count else "" for count in reversed(counts))]
        for name, counts in reversed(list(zip(names, track.poses, strict=True)))
    ]
    shown = table("Faces by pose, in degrees", [heads[0], *reversed(heads[1:])], rows)
    return f"<details><summary>Faces by pose in numbers</summary>{shown}</details>"


def _edges(low: int, high: int) -> str:
    return f"{low} to {high}"
