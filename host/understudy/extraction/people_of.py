"""Who are the people in a faceset, and whose tracks does a picture mean?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.faceset import Faceset
from understudy.people import describe_picture, name_people, tracks_of_nearest
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import Chosen, ChosenFaceset, FaceChoice
from understudy.selection import like_key
from understudy.store import digest
from understudy.video import fingerprint
from understudy_sdk import Crop, Face, Frame, Recognizer, Resources

from .cutting import warp_crop
from .finding import Finder

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

    Raises:
        RequestError: A picture shows no face, or nobody of the faceset.
    """
    chosen = faceset.extract.recognizer
    if chosen is None or faceset.faces is not None:
        return
    with Faceset(folder, writable=True) as index:
        keys = [fingerprint(clip) for clip in faceset.clips]
        stamp = digest({"recognizer": chosen.recipe(), "tracks": index.track_stamp(keys)})
        recognizer: Recognizer | None = None
        if index.value("people") != stamp:
            recognizer = chosen.build(resources())
            with blaming(chosen.offer, "telling people apart"):
                name_people(index, recognizer, progress, keys)
            index.set_value("people", stamp)
        for face in faces:
            if face.kind == "like" and index.value(like_key(index, faceset, face)) is None:
                recognizer = recognizer or chosen.build(resources())
                _look_up(index, faceset, face, (chosen, recognizer), resources())


def _look_up(
    index: Faceset, faceset: ChosenFaceset, face: FaceChoice, by: tuple[Chosen, Recognizer], resources: Resources
) -> None:
    choice, (chosen, recognizer) = faceset.extract, by
    assert face.like is not None
    finder = Finder.build(choice, resources)

    def find(frame: Frame) -> list[Face]:
        return finder.look([frame])[0]

    def cut(frame: Frame, found: Face) -> Crop:
        return warp_crop(frame, found, choice.face_type, choice.crop_size)

    with blaming(chosen.offer, f"describing the face in {face.like}"):
        vector = describe_picture(face.like, find, cut, recognizer)
        tracks = tracks_of_nearest(index, vector, recognizer.same_person, str(face.like))
    index.set_value(like_key(index, faceset, face), json.dumps(sorted(tracks)))
