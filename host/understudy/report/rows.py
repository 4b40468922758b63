"""How are a track's faces read without much memory?"""

from __future__ import annotations

import dataclasses
from typing import Final

from understudy.faceset import FaceRow, Faceset

__all__ = ["rows_of_track"]

_SPAN: Final = 1024  # frames whose faces are read at a time, with their meshes


def rows_of_track(index: Faceset, fingerprint: str, track: int, span: tuple[int, int]) -> list[FaceRow]:
    """Return the faces of a clip's track in the order of time, without their meshes, which take most of the room.

    Args:
        index: The faceset.
        fingerprint: Of the clip.
        track: The track's number.
        span: First and last frame.
    """
    return [
        dataclasses.replace(row, face=dataclasses.replace(row.face, mesh=None))
        for first in range(span[0], span[1] + 1, _SPAN)
        for row in index.track_rows(track, first, min(first + _SPAN, span[1] + 1))
        if row.fingerprint == fingerprint
    ]
