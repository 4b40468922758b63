"""Which values belong to an aligned face of DeepFaceLab, and how are they checked?

They come from a stranger's file, so each is checked for its type, shape and range before anything works with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.pictures import is_damaged
from understudy_sdk import FaceType, ForeignFileError
from understudy_sdk.polygons import Polygon
from understudy_sdk.types import F32, F64, U8

__all__ = [
    "DFL_FACE_TYPES",
    "AlignedFace",
    "aligned_face",
    "decode_foreign",
    "mask_picture",
    "stored_values",
]

DFL_FACE_TYPES: Final = {
    "half_face": FaceType.HALF,
    "midfull_face": FaceType.MID_FULL,
    "full_face": FaceType.FULL,
    "full_face_no_align": FaceType.FULL_NO_ALIGN,
    "whole_face": FaceType.WHOLE_FACE,
    "head": FaceType.HEAD,
    "head_no_align": FaceType.HEAD_NO_ALIGN,
}
"""DeepFaceLab's names and ours."""

_NAMES: Final = {face_type: name for name, face_type in DFL_FACE_TYPES.items()}
_FARTHEST_PX: Final = 1e6  # beyond it a coordinate is a mistake, and sums of squares lose precision
_LARGEST_SIDE_PX: Final = 8192
_MASK_SIDE_PX: Final = 256  # of the masks that XSeg makes
_MASK_BYTES: Final = 50_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlignedFace:
    """What an aligned face says of itself.

    Attributes:
        face_type: How much of the head it shows.
        size: The picture's side in px.
        landmarks: float64 (68, 2), in the crop's pixels.
        source_filename: Name of the frame it was cut from, without folders.
        source_rect: float64 (4,), the detector's box x0 y0 x1 y1 in the frame's pixels, where known.
        source_landmarks: float64 (68, 2), in the frame's pixels, where known.
        frame_to_crop: float64 (2, 3), DeepFaceLab's ``image_to_face_mat``, where known.
        mask: float32 (S, S), 0 to 1, DeepFaceLab's ``xseg_mask``, where there is one; of its own size.
        polygons: Its mask as drawn by hand: what adds first, then what takes away.
        brow_expansion: How far a hull mask reaches above the brows.
    """

    face_type: FaceType
    size: int
    landmarks: F64
    source_filename: str
    source_rect: F64 | None = None
    source_landmarks: F64 | None = None
    frame_to_crop: F64 | None = None
    mask: F32 | None = None
    polygons: tuple[Polygon, ...] = ()
    brow_expansion: float = 1.0


def aligned_face(values: object, size: int, where: str) -> AlignedFace:
    """Return the values of an aligned face as it states them.

    Args:
        values: What its metadata holds; a mapping, or the file is foreign.
        size: The picture's side in px.
        where: The file's name, for messages.

    Raises:
        ForeignFileError: A value is missing or cannot be what its name promises.
    """
    if not isinstance(values, Mapping) or "landmarks" not in values:
        raise ForeignFileError(where, "its metadata is not that of an aligned face: it states no landmarks")

    def points(key: str, shape: tuple[int | None, ...]) -> F64 | None:
        return None if values.get(key) is None else _numbers(values[key], shape, where, f"its {key}")

    landmarks = points("landmarks", (68, 2))
    if landmarks is None:
        raise ForeignFileError(where, "its metadata states no landmarks")
    expansion = points("eyebrows_expand_mod", ())
    return AlignedFace(
        face_type=_face_type(values.get("face_type"), where),
        size=size,
        landmarks=landmarks,
        source_filename=_text(values.get("source_filename"), where),
        source_rect=points("source_rect", (4,)),
        source_landmarks=points("source_landmarks", (68, 2)),
        frame_to_crop=points("image_to_face_mat", (2, 3)),
        mask=_mask(values.get("xseg_mask"), where),
        polygons=_polygons(values.get("seg_ie_polys"), where),
        brow_expansion=1.0 if expansion is None else float(expansion),
    )


def stored_values(face: AlignedFace) -> dict[str, object]:
    """Return a face's values as DeepFaceLab keeps them in a file; what is not known is left out.

    Raises:
        KeyError: DeepFaceLab has no such face type.
    """
    values: dict[str, object] = {
        "face_type": _NAMES[face.face_type],
        "landmarks": face.landmarks.tolist(),
        "source_filename": face.source_filename,
    }
    if face.source_rect is not None:
        values["source_rect"] = np.rint(face.source_rect).astype(np.int64)
    if face.source_landmarks is not None:
        values["source_landmarks"] = face.source_landmarks.tolist()
    if face.frame_to_crop is not None:
        values["image_to_face_mat"] = face.frame_to_crop
    if face.mask is not None:
        values["xseg_mask"] = _encoded_mask(face.mask)
    if face.polygons:
        drawn = [{"type": int(part.is_included), "pts": part.points} for part in face.polygons]
        values["seg_ie_polys"] = {"polys": drawn}
    if face.brow_expansion != 1.0:
        values["eyebrows_expand_mod"] = float(face.brow_expansion)
    return values


def mask_picture(mask: F32) -> U8:
    """Return a mask as uint8 (S, S)."""
    return np.asarray(np.rint(mask * np.float32(255)), np.uint8)


def decode_foreign(content: bytes, where: str, *, is_grey: bool = False) -> U8:
    """Return an encoded picture as uint8 (H, W, 3) RGB, or (H, W) if grey is asked for.

    Raises:
        ForeignFileError: The bytes are no picture, or a damaged one.
    """
    flags = (cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        is_whole = bool(content) and not is_damaged(content)
        picture: Any = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if is_whole else None
    except cv2.error:  # for sizes that it will not reserve memory for
        picture = None
    if picture is None or max(picture.shape[:2]) > _LARGEST_SIDE_PX:
        raise ForeignFileError(where, f"its picture is damaged, or larger than {_LARGEST_SIDE_PX} px")
    decoded = picture if is_grey else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return np.asarray(decoded, np.uint8)


def _numbers(value: Any, shape: tuple[int | None, ...], where: str, what: str) -> F64:
    """Return a value as float64 of a shape; None admits any length."""
    wanted = f"must be {' x '.join('any' if length is None else str(length) for length in shape) or '1'} numbers"
    try:
        if isinstance(value, str | bytes) or getattr(value, "dtype", np.dtype(float)).kind not in "fiu":
            raise TypeError
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ForeignFileError(where, f"{what} {wanted}") from None
    fits = numbers.ndim == len(shape) and all(
        want in {None, have} for have, want in zip(numbers.shape, shape, strict=False)
    )
    if not fits:
        raise ForeignFileError(where, f"{what} {wanted}, but is {' x '.join(map(str, numbers.shape)) or '1'}")
    if not (np.abs(numbers) <= _FARTHEST_PX).all():  # also refuses NaN
        raise ForeignFileError(where, f"{what} holds a number that is not finite or beyond {_FARTHEST_PX:g}")
    return numbers


def _face_type(name: object, where: str) -> FaceType:
    if name is None:
        return FaceType.FULL  # what DeepFaceLab takes it for
    if name == "mark_only":
        raise ForeignFileError(where, "it is a whole frame with landmarks (mark_only), not an aligned face")
    if not isinstance(name, str) or name not in DFL_FACE_TYPES:
        raise ForeignFileError(where, f"its face type {name!r} is none of {', '.join(DFL_FACE_TYPES)}")
    return DFL_FACE_TYPES[name]


def _text(name: object, where: str) -> str:
    if not isinstance(name, str | None):
        raise ForeignFileError(where, f"its source_filename must be a text, but is a {type(name).__name__}")
    return name or ""


def _polygons(value: Any, where: str) -> tuple[Polygon, ...]:
    """Return polygons of both forms: a mapping whose ``polys`` are mappings, or, older, a list of pairs."""
    parts = value.get("polys") if isinstance(value, Mapping) else value
    if parts is None:
        return ()
    if not isinstance(parts, list | tuple):
        raise ForeignFileError(where, "its seg_ie_polys are not a list")
    found = []
    for number, part in enumerate(parts):
        what = f"its polygon {number} in seg_ie_polys"
        kind, points = _kind_and_points(part, where, what)
        corners = _numbers(points, (None, 2), where, what)
        is_included = bool(_numbers(kind, (), where, what))
        if len(corners) > 2:
            found.append(Polygon(corners.astype(np.float32), is_included))
    return tuple(sorted(found, key=lambda part: not part.is_included))


def _kind_and_points(part: Any, where: str, what: str) -> tuple[Any, Any]:
    if isinstance(part, Mapping):
        return part.get("type"), part.get("pts")
    if not isinstance(part, list | tuple) or len(part) != 2:
        raise ForeignFileError(where, f"{what} must be a type and points")
    return part[0], part[1]


def _mask(value: Any, where: str) -> F32 | None:
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        value = value.tobytes()
    if not isinstance(value, bytes):
        raise ForeignFileError(where, "its xseg_mask is no encoded picture")
    picture = decode_foreign(value, f"{where}: xseg_mask", is_grey=True)
    if picture.shape[0] != picture.shape[1]:
        raise ForeignFileError(where, f"its xseg_mask must be square, but is {picture.shape[1]} x {picture.shape[0]}")
    return np.divide(picture, 255, dtype=np.float32)


def _encoded_mask(mask: F32) -> npt.NDArray[np.uint8]:
    """Return a mask as the bytes of a PNG, or of a JPEG where that would be too large, uint8 (n,)."""
    picture = mask_picture(mask)
    if picture.shape[0] > _MASK_SIDE_PX:
        picture = np.asarray(cv2.resize(picture, (_MASK_SIDE_PX, _MASK_SIDE_PX), interpolation=cv2.INTER_AREA))
    _, content = cv2.imencode(".png", picture)
    for quality in range(100, 0, -1):
        if content.size <= _MASK_BYTES:
            break
        _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(content, np.uint8).reshape(-1)
