"""Who are the people in a faceset, and whose tracks does a picture mean?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.faceset import Faceset
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenFaceset, FaceChoice
from understudy.store import digest
from understudy_sdk import Resources

__all__ = ["settle_people"]


def settle_people(
    folder: Path,
    faceset: ChosenFaceset,
    faces: Sequence[FaceChoice],
    resources: Callable[[], Resources],
    progress: Progress,
) -> None:
    """Group a faceset's tracks into people and look up whom pictures show, as far as that is not known yet.

    Args:
        folder: The faceset.
        faceset: What the project says of it.
        faces: The choices that are made among its faces.
        resources: Gives what plugins are lent; asked only when something is to be done.
        progress: Who is told.
    """
    chosen = faceset.extract.recognizer
    if chosen is None or faceset.faces is not None:
        return
    with Faceset(folder, writable=True) as index:
        tracks = [(one.track, one.fingerprint, one.first, one.last, one.faces) for one in index.tracks()]
        stamp = digest({"recognizer": chosen.recipe(), "tracks": tracks})
        if index.value("people") != stamp:
            from understudy.people import name_people

            recognizer = chosen.build(resources())
            with blaming(chosen.offer, "telling people apart"):
                name_people(index, recognizer, progress)
            index.set_value("people", stamp)
