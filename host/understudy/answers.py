"""Has what a plugin answered the type, the number and the shape that its stage promises?

Each function returns the answer it was given, or raises an InvalidValueError that says what was promised and what came.
Callers stand inside ``blaming``, which adds whose answer it is and what it was doing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from understudy_sdk import Crop, CropSpec, Face, Frame, Layer, Mask, Region, Swap
from understudy_sdk.errors import InvalidValueError
from understudy_sdk.types import F32, require

__all__ = [
    "aligned_faces",
    "check_crop_spec",
    "check_layer",
    "check_losses",
    "check_masks",
    "check_swaps",
    "check_vectors",
    "followed_faces",
    "found_faces",
    "named_frames",
]

T = TypeVar("T")


def named_frames(frames: Sequence[Frame]) -> str:
    """Say which frames are meant, by their time and their place in it."""
    first, last = frames[0], frames[-1]
    if len(frames) == 1:
        return f"the frame at {_seconds(first)} (pts {first.pts})"
    return f"the frames at {_seconds(first)} to {_seconds(last)} (pts {first.pts} to {last.pts})"


def found_faces(answer: Any, frames: Sequence[Frame]) -> list[list[Face]]:
    """Check a detector's answer: one list of faces for each frame."""
    lists = _listed("detect()", answer, list, len(frames), "frame")
    for number, (frame, faces) in enumerate(zip(frames, lists, strict=True)):
        _listed(f"detect()[{number}], of {named_frames([frame])},", faces, Face)
    return lists


def aligned_faces(
    answer: Any, frames: Sequence[Frame], given: Sequence[Sequence[Face]], *, has_mesh: bool
) -> list[list[Face]]:
    """Check an aligner's answer: for each frame no more faces than it was given, with landmarks, and a mesh if so."""
    lists = _listed("align()", answer, list, len(frames), "frame")
    for number, (frame, faces, before) in enumerate(zip(frames, lists, given, strict=True)):
        name = f"align()[{number}], of {named_frames([frame])},"
        for face in _listed(name, faces, Face):
            _check_landmarks(name, face, has_mesh=has_mesh)
        if len(faces) > len(before):
            raise InvalidValueError(name, f"{len(faces)} faces", f"at most the {len(before)} that were given")
    return lists


def followed_faces(answer: Any, before: Sequence[Face], *, has_mesh: bool) -> list[Face | None]:
    """Check what following gave: for each face the same face with landmarks, or None."""
    faces = _listed("follow()", answer, (Face, type(None)), len(before), "face")
    for number, face in enumerate(faces):
        if face is not None:
            _check_landmarks(f"follow()[{number}]", face, has_mesh=has_mesh)
    return faces


def check_masks(answer: Any, crops: Sequence[Crop]) -> list[Mask]:
    """Check a masker's answer: one mask for each crop."""
    return _listed("mask()", answer, Mask, len(crops), "crop")


def check_swaps(answer: Any, crops: Sequence[Crop], call: str = "swap()", size: int | None = None) -> list[Swap]:
    """Check a model's or an enhancer's answer: for each crop one swap, square, finite, of a size if given."""
    swaps = _listed(call, answer, Swap, len(crops), "crop")
    for number, swap in enumerate(swaps):
        name, height = f"{call}[{number}].rgb", swap.rgb.shape[0]
        if swap.rgb.shape[1] != height or not height:
            raise InvalidValueError(name, f"of shape {swap.rgb.shape}", "square")
        if size not in {None, height}:
            raise InvalidValueError(name, f"of {height} px", f"of {size} px")
        if not np.isfinite(swap.rgb).all():
            raise InvalidValueError(name, "not finite everywhere", "finite")
    return swaps


def check_layer(answer: Any, region: Region) -> Layer:
    """Check a merger's answer: a layer of the region's size."""
    if not isinstance(answer, Layer):
        raise InvalidValueError("merge()", _kind(answer), "a Layer")
    width, height = region.size  # its colours may not be needed at all
    if answer.mask.shape != (height, width):
        found, wanted = answer.rgb.shape, (height, width, 3)
        raise InvalidValueError("merge().rgb", f"of shape {found}", f"of the region's, {wanted}")
    return answer


def check_vectors(answer: Any, crops: Sequence[Crop]) -> F32:
    """Check a recognizer's answer: one vector of finite numbers for each crop."""
    require("embed()", answer, np.float32, (len(crops), None))
    vectors: F32 = answer
    if not np.isfinite(vectors).all():
        raise InvalidValueError("embed()", "not finite everywhere", "finite")
    return vectors


def check_losses(answer: Any, watched: Sequence[str]) -> dict[str, float]:
    """Check what a step of learning gave: a number for each loss by name, those that are watched first."""
    if not isinstance(answer, Mapping):
        raise InvalidValueError("train_step()", _kind(answer), "a mapping of losses by name")
    missing = [name for name in watched if name not in answer]
    if missing:
        names = ", ".join(map(str, answer)) or "none"
        raise InvalidValueError("train_step()", f"of the losses {names}", f"of {', '.join(watched)} among others")
    return {str(name): float(answer[name]) for name in dict.fromkeys((*watched, *answer))}


def check_crop_spec(answer: Any) -> CropSpec:
    """Check what a stage says of the crops that it reads."""
    if not isinstance(answer, CropSpec):
        raise InvalidValueError("crop_spec", _kind(answer), "a CropSpec")
    return answer


def _check_landmarks(name: str, face: Face, *, has_mesh: bool) -> None:
    if face.landmarks is None or not np.isfinite(face.landmarks).all():
        found = "without" if face.landmarks is None else "with some that are not finite"
        raise InvalidValueError(f"{name} Face.landmarks".replace(",,", ","), found, "68 finite points")
    if has_mesh and face.mesh is None:
        raise InvalidValueError(f"{name} Face.mesh", "None", "a dense mesh, for the offer says gives_mesh")


def _listed(
    name: str, answer: Any, kind: type[T] | tuple[type[Any], ...], count: int | None = None, of: str = ""
) -> list[Any]:
    """Check that an answer is a list, of so many values and of one kind."""
    words = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
    expected = f"a list of {words}" if count is None else f"a list of {words}, one for each {of}"
    if not isinstance(answer, list | tuple):
        raise InvalidValueError(name, _kind(answer), expected)
    if count is not None and len(answer) != count:
        raise InvalidValueError(name, f"{len(answer)} for {count} {of}s", expected)
    for number, one in enumerate(answer):
        if not isinstance(one, kind):
            raise InvalidValueError(f"{name.removesuffix(',')}[{number}]", _kind(one), words)
    return list(answer)


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    return f"a {type(value).__name__}" if value is not None else "None"


def _seconds(frame: Frame) -> str:
    return f"{float(frame.pts * frame.time_base):.3f} s"
