"""Which faces of a faceset does a project's choice mean?"""

from __future__ import annotations

import difflib
import json
from typing import Any, Literal

from .errors import RequestError
from .faceset import Faceset
from .project import ChosenFaceset, FaceChoice
from .store import digest
from .video import fingerprint

__all__ = ["Wanted", "face_recipe", "like_key", "wanted_faces"]

Wanted = Literal["largest", "all"] | frozenset[int]
"""Of each frame the largest face, all faces, or those of some tracks."""


def face_recipe(faceset: ChosenFaceset, face: FaceChoice) -> Any:
    """Return what names a choice in recipes: a picture by its content, and by whom it is compared."""
    if face.kind in {"person", "like"}:
        recognizer = faceset.extract.recognizer
        who = fingerprint(face.like) if face.like else face.person
        return {face.kind: who, "recognizer": recognizer.recipe() if recognizer else None}
    return str(face)


def like_key(faceset: ChosenFaceset, face: FaceChoice) -> str:
    """Return the key under which a faceset keeps whose tracks a picture means."""
    return f"like:{digest(face_recipe(faceset, face))}"


def wanted_faces(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> Wanted:
    """Return which faces of an extracted faceset a choice means.

    Raises:
        RequestError: A track or a person is not there; says which are.
    """
    if face.kind == "track":
        return _tracks(index, faceset, face)
    if face.kind == "person":
        return _person(index, faceset, face)
    if face.kind == "like":
        kept = index.value(like_key(faceset, face))
        if kept is None:
            raise RequestError(
                f"who of {faceset.name!r} looks like {face.like} is not known yet\n"
                "  run the extract phase first: understudy extract"
            )
        return frozenset(json.loads(kept))
    return "all" if face.kind == "all" else "largest"


def _tracks(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> frozenset[int]:
    there = {one.track for one in index.tracks()}
    missing = [track for track in face.tracks if track not in there]
    if missing:
        shown = ", ".join(map(str, sorted(there)[:20])) or "none"
        raise RequestError(
            f"{faceset.name!r} has no track {missing[0]}\n  there are: {shown}\n"
            "  to see them: understudy report, or understudy faceset info"
        )
    return frozenset(face.tracks)


def _person(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> frozenset[int]:
    people = {track: name for track, (name, _) in index.people().items()}
    tracks = frozenset(track for track, name in people.items() if name == face.person)
    if not tracks:
        names = sorted(set(people.values()))
        near = difflib.get_close_matches(face.person, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RequestError(
            f"{faceset.name!r} shows nobody called {face.person!r}.{hint}\n  there are: {', '.join(names) or 'none'}\n"
            "  to name somebody, give a picture or tracks under people: in the project"
        )
    return tracks
