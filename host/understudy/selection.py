"""Which faces of a faceset does a project's choice mean?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from .errors import RequestError
from .faceset import Faceset
from .people import resolve_face
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


def like_key(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> str:
    """Return the key under which a faceset keeps whose tracks a picture means; another once its people change."""
    return f"like:{digest([face_recipe(faceset, face), index.value('people')])}"


def wanted_faces(index: Faceset, faceset: ChosenFaceset, face: FaceChoice) -> Wanted:
    """Return which faces of an extracted faceset a choice means.

    Raises:
        RequestError: A track or a person is not there; says which are.
    """

    def like(picture: Path) -> frozenset[int]:
        kept = index.value(like_key(index, faceset, face))
        if kept is None:
            raise RequestError(
                f"who of {faceset.name!r} looks like {picture} is not known yet\n"
                "  run the extract phase first: understudy extract"
            )
        return frozenset(json.loads(kept))

    return resolve_face(face, index, like=like)
