"""What does a track show? One contact sheet, to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from understudy_sdk.types import F64, U8

from .contact_sheet import contact_sheet
from .errors import RequestError
from .faceset import FaceRow, Faceset, TrackRow
from .store import name_of

__all__ = ["track_sheet"]

_SPAN: Final = 256  # frames whose faces are read at a time


def track_sheet(index: Faceset, track: int, pictures: int = 24) -> U8:
    """Return pictures of a track, spread over its time, under a heading that says what it is.

    Args:
        index: The faceset.
        track: The track's number.
        pictures: How many pictures at most.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        RequestError: There is no such track, or none of its pictures is there.
    """
    about = next(iter(index.tracks(only=track)), None)
    if about is None:
        raise RequestError(f"there is no track {track} in the faceset {name_of(index.folder)}")
    names, times = list[str](), list[float]()
    measured = list[tuple[float, float, float]]()
    for row in _rows(index, about):
        names.append(row.name)
        times.append(_seconds(row))
        measured.append((float(np.sqrt(row.area)), row.look.yaw_deg, row.look.pitch_deg))
    if not names:
        raise RequestError(f"no picture of track {track} is left in the faceset {name_of(index.folder)}")
    picked = np.unique(np.linspace(0, len(names) - 1, min(pictures, len(names))).round().astype(int))
    shown = [index.row(names[place]) for place in picked]
    captions = [f"{row.frame}  {_clock(_seconds(row))}  {row.face.score:.2f} {row.origin}" for row in shown]
    heading = _heading(about, (times[0], times[-1]), np.array(measured))
    return contact_sheet([index.picture(row) for row in shown], captions, heading)


def _rows(index: Faceset, about: TrackRow) -> Iterator[FaceRow]:
    for first in range(about.first, about.last + 1, _SPAN):
        for row in index.rows(about.fingerprint, first, min(first + _SPAN, about.last + 1)):
            if row.track == about.track:
                yield row


def _heading(about: TrackRow, times_s: tuple[float, float], measured: F64) -> list[str]:
    (side_low, yaw_low, pitch_low), (side_high, yaw_high, pitch_high) = measured.min(axis=0), measured.max(axis=0)
    span = f"frames {about.first} to {about.last}, {_clock(times_s[0])} to {_clock(times_s[1])}"
    sizes = (
        f"{about.faces} faces, {about.filled} of them filled in, box side {side_low:.0f} to {side_high:.0f} px, "
        f"yaw {yaw_low:.0f} to {yaw_high:.0f}, pitch {pitch_low:.0f} to {pitch_high:.0f} degrees"
    )
    return [f"track {about.track}: {about.person or 'nobody named'}, {about.clip_name}, {span}", sizes]


def _seconds(row: FaceRow) -> float:
    return float(row.pts * row.time_base)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:d}:{seconds % 60:05.2f}"
