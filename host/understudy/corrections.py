"""How do people correct which faces a frame has, and where do their corrections lie?

Found faces are written to a JSON file, changed by hand or by a program, and read back. A frame whose faces were changed
is *corrected*: it holds exactly the faces that the file lists, whatever the machine finds there, now or later. The
corrections of a project lie beside it, in ``<project>.corrections/<faceset>.json``, in the same form, so that neither a
new search nor ``understudy clean`` loses them. ``docs/tools/faces-json.md`` describes the form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from understudy_sdk import Face
from understudy_sdk.types import F32

from .aside import whole_file
from .errors import RequestError, StoreError

__all__ = ["By", "ClipFaces", "Corrections", "HandFace", "read_faces_file", "write_faces_file"]

FORMAT: Final = 1

By = Literal["machine", "hand"]
Px = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


@dataclass(frozen=True, slots=True, eq=False)
class HandFace:
    """A face of a corrected frame.

    Attributes:
        box: float32 (4,), x0 y0 x1 y1 in px of the upright frame.
        landmarks: float32 (68, 2); None where the aligner is to place them.
        score: 0 to 1.
        by: Who placed it; a machine's face in a corrected frame was left as it was.
    """

    box: F32
    landmarks: F32 | None
    score: float
    by: By

    def same_as(self, face: Face) -> bool:
        """Tell whether a face has this box, score and, to the bit, these landmarks."""
        return (
            bool(np.array_equal(self.box, face.box))
            and np.float32(self.score) == np.float32(face.score)
            and self.landmarks is not None
            and face.landmarks is not None
            and bool(np.array_equal(self.landmarks, face.landmarks))
        )

    def key(self) -> str:
        """Return a text that names box and landmarks, to the bit."""
        return (self.box.tobytes() + (b"" if self.landmarks is None else self.landmarks.tobytes())).hex()


@dataclass(frozen=True, slots=True)
class ClipFaces:
    """The faces of some frames of a clip.

    Attributes:
        fingerprint: Of the clip.
        clip: Its file name.
        frames: By position; an empty tuple says that there is no face.
    """

    fingerprint: str
    clip: str
    frames: Mapping[int, tuple[HandFace, ...]]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrected frames of a faceset, by the fingerprint of their clip."""

    clips: Mapping[str, ClipFaces] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Corrections:
        """Read a project's corrections of one faceset; without a file there are none.

        Raises:
            RequestError: The file is damaged; says where.
        """
        return cls({clip.fingerprint: clip for clip in read_faces_file(path)}) if path.is_file() else cls()

    def save(self, path: Path, faceset: str) -> None:
        """Write them, whole or not at all.

        Raises:
            StoreError: When the disk does not take them.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {path.parent} for corrections cannot be made: {error.strerror}\n"
                "  it lies beside the project file; make that folder writable"
            ) from error
        write_faces_file(path, faceset, [clip for clip in self.clips.values() if clip.frames])

    def of(self, fingerprint: str) -> Mapping[int, tuple[HandFace, ...]]:
        """Return a clip's corrected frames."""
        clip = self.clips.get(fingerprint)
        return clip.frames if clip else {}

    def with_frames(
        self, fingerprint: str, clip: str, frames: Mapping[int, tuple[HandFace, ...] | None]
    ) -> Corrections:
        """Return these with a clip's frames replaced; None takes a frame's correction back."""
        merged = {**self.of(fingerprint), **frames}
        kept = {frame: faces for frame, faces in sorted(merged.items()) if faces is not None}
        return Corrections({**self.clips, fingerprint: ClipFaces(fingerprint, clip, kept)})


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FaceForm(_Model):
    box: tuple[Px, Px, Px, Px]
    landmarks: Annotated[tuple[tuple[Px, Px], ...], Field(min_length=68, max_length=68)] | None = None
    score: Annotated[float, Field(ge=0, le=1)] = 1.0
    by: By = "hand"
    track: int | None = None  # for the reader's eyes; tracks follow from the faces

    @model_validator(mode="after")
    def _check_box(self) -> Self:
        x0, y0, x1, y1 = self.box
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"a box needs x0 < x1 and y0 < y1, but is {[x0, y0, x1, y1]}")
        for axis, column in zip("xy", zip(*(self.landmarks or ()), strict=True), strict=False):
            if max(column) - min(column) < 1:
                raise ValueError(f"landmarks must not all have one {axis}: they span less than a pixel")
        return self


class _ClipForm(_Model):
    clip: str
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    frames: dict[Annotated[int, Field(ge=0)], tuple[_FaceForm, ...]]


class _FileForm(_Model):
    understudy_faces: Literal[1]
    faceset: str = ""
    clips: tuple[_ClipForm, ...]


def read_faces_file(path: Path) -> list[ClipFaces]:
    """Return what a file says of clips' faces.

    Raises:
        RequestError: It is not there, no JSON, or not of this form; every fault is named with its place.
    """
    try:
        form = _FileForm.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise RequestError(f"there is no file {path}") from error
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise RequestError("\n".join([f"{path} is no file of faces", *_fault_lines(error)])) from error
    return [
        ClipFaces(one.fingerprint, one.clip, {at: _hand(faces) for at, faces in one.frames.items()})
        for one in form.clips
    ]


def write_faces_file(
    path: Path, faceset: str, clips: Iterable[ClipFaces], tracks: Mapping[tuple[str, int, int], int] | None = None
) -> None:
    """Write clips' faces, whole or not at all; the same faces give the same bytes.

    Args:
        path: The file.
        faceset: The faceset's name, for the reader.
        clips: Whose faces.
        tracks: Track numbers by fingerprint, frame and place in the frame, for the reader.
    """
    numbers = tracks or {}
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        file.write(f'{{"understudy_faces": {FORMAT}, "faceset": {json.dumps(faceset)}, "clips": [')
        for place, clip in enumerate(clips):
            file.write(",\n" if place else "\n")
            head = f'{{"clip": {json.dumps(clip.clip)}, "fingerprint": {json.dumps(clip.fingerprint)}, "frames": {{'
            file.write(head)
            for number, line in enumerate(_frame_lines(clip, numbers)):
                file.write(f"{',' if number else ''}\n  {line}")
            file.write("}}")
        file.write("]}\n")


def _frame_lines(clip: ClipFaces, tracks: Mapping[tuple[str, int, int], int]) -> Iterator[str]:
    for frame, faces in clip.frames.items():
        values = [_values(face, tracks.get((clip.fingerprint, frame, place))) for place, face in enumerate(faces)]
        yield f'"{frame}": {json.dumps(values)}'


def _values(face: HandFace, track: int | None) -> dict[str, Any]:
    # float32 values as float64 are written with all their digits, so that reading gives the same bits
    values: dict[str, Any] = {"box": face.box.astype(np.float64).tolist(), "score": float(face.score), "by": face.by}
    if track is not None:
        values["track"] = track
    values["landmarks"] = None if face.landmarks is None else face.landmarks.astype(np.float64).tolist()
    return values


def _hand(forms: Iterable[_FaceForm]) -> tuple[HandFace, ...]:
    return tuple(
        HandFace(
            np.array(form.box, np.float32),
            None if form.landmarks is None else np.array(form.landmarks, np.float32),
            form.score,
            form.by,
        )
        for form in forms
    )


def _fault_lines(error: ValidationError, most: int = 20) -> list[str]:
    faults = error.errors(include_url=False)
    lines = [f"  {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in faults[:most]]
    return [*lines, f"  and {len(faults) - most} more"] if len(faults) > most else lines
