"""What does an extracted face of faceswap say of itself, and where in its frame does it lie?

faceswap keeps a face's record in an iTXt chunk of the PNG, written as a Python literal: the box and the 68 landmarks in
the frame, and under ``source`` the frame's name and size. Masks, identities and thumbnails are passed over: their
layout is faceswap's own.

Its pictures are centred on the head, and the record does not say where the crop lies; ``crop_of`` computes it.
"""

from __future__ import annotations

import ast
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from understudy_sdk import ForeignFileError, InvalidValueError
from understudy_sdk.geometry import transform_points, umeyama
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.types import F64

from .names import base_name

__all__ = ["ExtractedFace", "crop_of", "read_extracted"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_TEXTS: Final = frozenset({b"iTXt", b"tEXt", b"zTXt"})
_LONGEST: Final = 8 << 20  # a record with many masks has some hundred thousand characters
_DEEPEST: Final = 64  # brackets within brackets; the literal's parser runs out of stack at some hundreds
_FARTHEST_PX: Final = 1e6
_LARGEST_SIDE_PX: Final = 8192

_HEAD_RATIO: Final = 0.625  # share of a head-centred crop that is padding around the mean face
_HEAD_CENTER: Final = (0.0, 0.0, -2.3)  # in the coordinates of _POINTS_3D
_FOCAL_LENGTH: Final = 4.0  # in sides of the mean face's square, whose middle is the principal point
_FARTHEST_CENTER: Final = 4.0  # in the same unit; a real one lies within 1 of the middle
_POINTS: Final = (17, 21, 22, 26, 36, 39, 42, 45, 31, 35, 48, 54, 57, 8)
_POINTS_3D: Final = (
    (-6.825897, 6.760612, 4.402142), (-1.330353, 7.122144, 6.903745), (1.330353, 7.122144, 6.903745),
    (6.825897, 6.760612, 4.402142), (-5.311432, 5.485328, 3.987654), (-1.789930, 5.393625, 4.413414),
    (1.789930, 5.393625, 4.413414), (5.311432, 5.485328, 3.987654), (-2.005628, 1.409845, 6.165652),
    (2.005628, 1.409845, 6.165652), (-2.774015, -2.080775, 5.048531), (2.774015, -2.080775, 5.048531),
    (0.0, -3.116408, 6.097667), (0.0, -7.415691, 4.070434),
)  # fmt: skip
"""Where the landmarks ``_POINTS`` lie on a mean head: x to the picture's right, y up, z towards the camera.

From P. Martins' anthropometric 3-D face model (University of Coimbra), widely used to estimate a head's pose.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedFace:
    """What an extracted face says of itself.

    Attributes:
        box: float64 (4,), the detector's x0 y0 x1 y1 in the frame's pixels.
        landmarks: float64 (68, 2), in the frame's pixels.
        source_filename: Name of the frame it was cut from, without folders.
        frame_size: Width and height of that frame in px, where stated.
        size: The picture's side in px.
    """

    box: F64
    landmarks: F64
    source_filename: str
    frame_size: tuple[int, int] | None
    size: int


def read_extracted(content: bytes, where: str) -> ExtractedFace:
    """Return what an extracted face of faceswap says of itself.

    The record is looked for in every text chunk, under ``alignments`` or at the top.

    Raises:
        ForeignFileError: It is no PNG, cut short, not square, or has no such record, or one that makes no sense.
    """
    chunks = list(_chunks(content, where))
    width, height = _size(chunks, where)
    record, source = next(filter(None, (_record(kind, body) for kind, body in chunks if kind in _TEXTS)), (None, {}))
    if record is None:
        raise ForeignFileError(where, "it is not an extracted face: it has no metadata of faceswap")
    if width != height:
        raise ForeignFileError(where, f"an extracted face is square, but this picture has {width} x {height} px")
    landmarks = _numbers(record.get("landmarks_xy"), (68, 2), where, "landmarks_xy")
    x, y, w, h = _numbers([record.get(key) for key in "xywh"], (4,), where, "x, y, w, h")
    name = source.get("source_filename") or source.get("original_filename") or ""
    if not isinstance(name, str):
        raise ForeignFileError(where, "the name of its frame is no text")
    dims = source.get("source_frame_dims")
    dims = dims[:2] if isinstance(dims, list | tuple) else dims  # height, width, and perhaps channels
    frame_size = None if dims is None else _numbers(dims, (2,), where, "source_frame_dims")
    return ExtractedFace(
        np.array([x, y, x + w, y + h]),
        landmarks,
        base_name(name),
        None if frame_size is None else (int(frame_size[1]), int(frame_size[0])),
        width,
    )


def crop_of(face: ExtractedFace) -> F64:
    """Return where the picture of an extracted face lies: float64 (2, 3), from the frame's pixels to the picture's.

    Rotation and scale bring the 51 inner landmarks onto the mean face, as faceswap does. The middle is where the head's
    centre is seen. That rests on the head's pose, estimated here from other points than faceswap's own: leaving out
    some of them moves it by 2 to 10 px of 512, and so far may the picture lie from where this says.

    Raises:
        InvalidValueError: The landmarks are no face's.
    """
    to_unit = umeyama(face.landmarks[17:], TEMPLATE)
    center = _head_center(transform_points(to_unit, face.landmarks))
    side = face.size - 2 * round(face.size * _HEAD_RATIO / 2)  # of the mean face's square, in px
    return np.column_stack([to_unit[:, :2] * side, (to_unit[:, 2] - center) * side + face.size / 2])


def _head_center(landmarks: F64) -> F64:
    """Return where the head's centre is seen, x y, for landmarks in the mean face's square."""
    to_camera = np.array([1.0, -1.0, -1.0])  # x right, y down, z away
    camera = np.array([[_FOCAL_LENGTH, 0.0, 0.5], [0.0, _FOCAL_LENGTH, 0.5], [0.0, 0.0, 1.0]])
    start = np.zeros(3), np.array([0.0, 0.0, 45.0])  # at about the distance where the model has the mean face's size
    points = np.array(_POINTS_3D) * to_camera
    _, turn, shift = cv2.solvePnP(points, landmarks[list(_POINTS)], camera, None, *start, useExtrinsicGuess=True)
    seen, _ = cv2.projectPoints(np.array([_HEAD_CENTER]) * to_camera, turn, shift, camera, None)
    center = np.asarray(seen, np.float64).reshape(2)
    if not (np.abs(center) <= _FARTHEST_CENTER).all():  # also refuses NaN
        raise InvalidValueError("the centre of the head", str(center.tolist()), "near the landmarks")
    return center


def _chunks(content: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield a PNG's chunks: kind and content."""
    if not content.startswith(_SIGNATURE):
        raise ForeignFileError(where, "it is no PNG")
    position, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if position + 12 > len(content):
            raise ForeignFileError(where, f"the PNG is cut short: it has {len(content)} bytes and no end")
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        yield kind, content[position + 8 : position + 8 + length]
        position += 12 + length
    if position > len(content):
        raise ForeignFileError(where, f"the PNG is cut short: it has {len(content)} bytes and no end")


def _size(chunks: list[tuple[bytes, bytes]], where: str) -> tuple[int, int]:
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) < 8:
        raise ForeignFileError(where, "the PNG does not state its size")
    width, height = struct.unpack(">II", chunks[0][1][:8])
    if not (0 < width <= _LARGEST_SIDE_PX and 0 < height <= _LARGEST_SIDE_PX):
        raise ForeignFileError(where, f"its size of {width} x {height} px is not between 1 and {_LARGEST_SIDE_PX}")
    return width, height


def _record(kind: bytes, body: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the face's record and its source that a text chunk holds, or None where it is another text."""
    text = _text(kind, body)
    if text is None or "landmarks_xy" not in text or len(text) > _LONGEST or _depth(text) > _DEEPEST:
        return None
    value = _literal(text)
    if not isinstance(value, dict):
        return None
    record, source = value.get("alignments", value), value.get("source", {})
    return (record, source) if isinstance(record, dict) and isinstance(source, dict) else None


def _text(kind: bytes, body: bytes) -> str | None:
    """Return a text chunk's text, or None where it is damaged or too long."""
    _, _, rest = body.partition(b"\x00")
    try:
        if kind == b"iTXt":
            is_packed, rest = rest[:1] == b"\x01", rest[2:]
            rest = rest.split(b"\x00", 2)[2]  # a language and a translated keyword stand before
        else:
            is_packed, rest = kind == b"zTXt", rest[kind == b"zTXt" :]
        if is_packed:
            rest = zlib.decompressobj().decompress(rest, _LONGEST + 1)
        return rest.decode("utf-8" if kind == b"iTXt" else "latin-1")
    except (IndexError, UnicodeDecodeError, zlib.error):
        return None


def _depth(text: str) -> int:
    """Return how deep brackets lie within brackets at most; those in quoted texts count as well."""
    depth = deepest = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]}":
            depth -= 1
    return deepest


def _literal(text: str) -> Any:
    """Return what a text writes as JSON or as a Python literal, or None; nothing in it is run."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _numbers(value: Any, shape: tuple[int, ...], where: str, what: str) -> F64:
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.full(1, np.nan)
    if numbers.shape != shape or not (np.abs(numbers) <= _FARTHEST_PX).all():
        raise ForeignFileError(where, f"{what} must be {' x '.join(map(str, shape))} numbers within {_FARTHEST_PX:g}")
    return numbers
