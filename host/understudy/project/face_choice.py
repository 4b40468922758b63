"""Which of a clip's faces does a project mean?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

__all__ = ["FACE_SCHEMA", "SOME_FACES_SCHEMA", "FaceChoice"]

_SOME: Final = "{track: NUMBER}, {track: [NUMBERS]}, {person: NAME} or {like: PICTURE}"
_FORMS: Final = f"largest, all, {_SOME}"

SOME_FACES_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {
        "track": {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
            ]
        },
        "person": {"type": "string"},
        "like": {"type": "string"},
    },
}
"""JSON schema of what ``FaceChoice.parse_some`` takes."""

FACE_SCHEMA: Final[dict[str, Any]] = {"anyOf": [{"enum": ["largest", "all"]}, SOME_FACES_SCHEMA]}
"""JSON schema of what ``FaceChoice.parse`` takes."""


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """Which faces of a clip are meant.

    Attributes:
        kind: The largest of each frame, all, those of some tracks, of a person, or of whoever a picture shows.
        tracks: Their numbers, for ``track``.
        person: The name, for ``person``.
        like: The picture as written, or an absolute path once the project is loaded, for ``like``.
    """

    kind: Literal["largest", "all", "track", "person", "like"] = "largest"
    tracks: tuple[int, ...] = ()
    person: str = ""
    like: Path | None = None

    @classmethod
    def parse(cls, value: object) -> FaceChoice:
        """Return what a project file's value means.

        Raises:
            ValueError: It means nothing; says what may stand there.
        """
        if isinstance(value, FaceChoice):
            return value
        if value == "largest" or value == "all":  # noqa: PLR1714 # a set would narrow no type
            return cls(value)
        if isinstance(value, dict) and len(value) == 1:
            (key, what), *_ = value.items()
            numbers = what if isinstance(what, list) else [what]
            if key == "track" and numbers and all(type(number) is int and number >= 0 for number in numbers):
                return cls("track", tracks=tuple(numbers))
            if key == "person" and isinstance(what, str) and what:
                return cls("person", person=what)
            if key == "like" and isinstance(what, str) and what:
                return cls("like", like=Path(what))
        raise ValueError(f"must be {_FORMS}, but is {_shown(value)}")

    @classmethod
    def parse_some(cls, value: object) -> FaceChoice:
        """Return what names faces by who they are, as a part of a swap's faces.

        Raises:
            ValueError: It means nothing, or does not say who.
        """
        if not isinstance(value, str):
            return cls.parse(value)
        raise ValueError(f"must be {_SOME}, but is {_shown(value)}")

    def __str__(self) -> str:
        """Say it as a project file does."""
        if self.kind == "track":
            numbers = self.tracks[0] if len(self.tracks) == 1 else list(self.tracks)
            return f"{{track: {numbers}}}"
        if self.kind == "person":
            return f"{{person: {self.person}}}"
        return f"{{like: {self.like}}}" if self.kind == "like" else self.kind


def _shown(value: object) -> str:
    return repr(dict(value)) if isinstance(value, dict) else repr(value)
