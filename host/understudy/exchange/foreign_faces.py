"""What is a face of another program, wherever its file lies, in our own values?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from understudy.errors import RequestError
from understudy.faceset import FaceLabel
from understudy.picture_folder import pictures_in
from understudy.pictures import encode_png
from understudy_sdk import Crop, FaceType, ForeignFileError, InvalidValueError
from understudy_sdk.geometry import compose, frame_to_crop, invert, transform_points, umeyama
from understudy_sdk.polygons import draw_polygons
from understudy_sdk.types import F32, F64, U8
from understudy_sdk.warp import warp_picture

from .dfl_jpeg import read_aligned, without_metadata
from .dfl_pack import PACK_NAME, packed_files, read_packed
from .dfl_values import AlignedFace, decode_foreign, mask_picture
from .faceswap_png import ExtractedFace, crop_of, read_extracted
from .names import base_name, natural_key

__all__ = ["FaceFile", "ForeignFace", "face_files"]

_AGREEMENT_PX: Final = 1.0  # between the landmarks of a picture and those of its frame
_SIZE_STEP: Final = 16


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForeignFace:
    """A face of another program in our values.

    Attributes:
        where: The file's path, for messages.
        source: File name of the frame it was cut from, without folders; its own file's name where that is not known.
        frame_size: Width and height of that frame in px, where known.
        box: float32 (4,), x0 y0 x1 y1 in the frame's pixels.
        landmarks: float32 (68, 2), in the frame's pixels.
        face_type: How much of the head the picture shows.
        size: The picture's side in px.
        frame_to_crop: float64 (2, 3).
        suffix: Of the picture to keep: ``.jpg`` or ``.png``.
        own_mask: uint8 (M, M), the mask that came with it, where one did.
        label: The mask that was drawn on it by hand, or else the one that XSeg made, if it has either.
        open: Gives the picture to keep, encoded, and as uint8 (S, S, 3), RGB; raises ForeignFileError.
    """

    where: str
    source: str
    frame_size: tuple[int, int] | None
    box: F32
    landmarks: F32
    face_type: FaceType
    size: int
    frame_to_crop: F64
    suffix: str
    own_mask: U8 | None
    label: FaceLabel | None = None
    open: Callable[[], tuple[bytes, U8]]

    def crop(self, rgb: U8) -> Crop:
        """Return it as a crop with its picture."""
        landmarks = transform_points(self.frame_to_crop, self.landmarks).astype(np.float32)
        return Crop(rgb, self.frame_to_crop, self.face_type, landmarks)


@dataclass(frozen=True, slots=True)
class FaceFile:
    """A file that may be a face: in a folder, or in a pack.

    Attributes:
        where: Its path, for messages.
        name: Its file name, without folders.
        person: Whose faces lie where it does, or empty; a stranger's word.
        read: Gives its content.
    """

    where: str
    name: str
    person: str
    read: Callable[[], bytes]

    def face(self, content: bytes) -> ForeignFace:
        """Return what it shows, by its content.

        Raises:
            ForeignFileError: It is neither an aligned face of DeepFaceLab nor an extracted face of faceswap.
        """
        if content.startswith(b"\xff\xd8"):
            return _from_dfl(read_aligned(content, self.where), content, self)
        if content.startswith(b"\x89PNG"):
            return _from_faceswap(read_extracted(content, self.where), content, self)
        raise ForeignFileError(self.where, "it is neither a JPEG of DeepFaceLab nor a PNG of faceswap")


def face_files(source: Path) -> list[FaceFile]:
    """Return the files of a folder, of the folders of persons in it, or of a pack, in the order of people's counting.

    A pack in a folder counts in place of the loose pictures beside it, as it does for DeepFaceLab.

    Raises:
        RequestError: There is no such folder or pack.
        ForeignFileError: The pack is damaged.
    """
    if source.is_file():
        return _packed(source)
    if not source.is_dir():
        raise RequestError(f"{source} is neither a folder nor a pack\n  name a folder of faces, or a {PACK_NAME}")
    if (source / PACK_NAME).is_file():
        return _packed(source / PACK_NAME)
    folders = sorted((path for path in source.iterdir() if _is_person(path)), key=lambda path: natural_key(path.name))
    return [*_loose(source, ""), *(file for folder in folders for file in _loose(folder, folder.name))]


def _is_person(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _loose(folder: Path, person: str) -> Iterator[FaceFile]:
    for path in pictures_in(folder):
        yield FaceFile(str(path), path.name, person, path.read_bytes)


def _packed(path: Path) -> list[FaceFile]:
    def reader(number: int) -> Callable[[], bytes]:
        return lambda: read_packed(path, files[number])

    files = packed_files(path)
    found = [
        FaceFile(f"{path}: {file.name}", base_name(file.name), file.person, reader(number))
        for number, file in enumerate(files)
    ]
    return sorted(found, key=lambda file: (natural_key(file.person), natural_key(file.name)))


def _from_dfl(face: AlignedFace, content: bytes, file: FaceFile) -> ForeignFace:
    landmarks, affine = _placed(face, file.where)

    def open_picture() -> tuple[bytes, U8]:
        rgb = decode_foreign(content, file.where)
        if rgb.shape != (face.size, face.size, 3):
            raise ForeignFileError(file.where, "its picture has another size than it states")
        return without_metadata(content, file.where), rgb

    own_mask = None if face.mask is None else mask_picture(face.mask)
    if own_mask is None and any(part.is_included for part in face.polygons):
        own_mask = draw_polygons(face.polygons, face.size)
    return ForeignFace(
        where=file.where,
        source=base_name(face.source_filename) or file.name,
        frame_size=None,
        box=_box(face.source_rect, landmarks),
        landmarks=landmarks.astype(np.float32),
        face_type=face.face_type,
        size=face.size,
        frame_to_crop=affine,
        suffix=".jpg",
        own_mask=own_mask,
        label=_label(face, affine),
        open=open_picture,
    )


def _label(face: AlignedFace, affine: F64) -> FaceLabel | None:
    if face.polygons:
        return FaceLabel(affine, face.size, face.polygons)
    if face.mask is not None:
        return FaceLabel(affine, face.size, mask=encode_png(mask_picture(face.mask)))
    return None


def _placed(face: AlignedFace, where: str) -> tuple[F64, F64]:
    """Return a face's landmarks in its frame, and the affine from there to its picture that agrees with both."""
    stated, in_frame = face.frame_to_crop, face.source_landmarks
    try:
        if in_frame is None:
            if stated is None:
                raise ForeignFileError(where, "it states neither source_landmarks nor image_to_face_mat")
            in_frame = transform_points(invert(stated), face.landmarks)
        computed = frame_to_crop(in_frame, face.face_type, face.size), umeyama(in_frame, face.landmarks)
        for affine in computed if stated is None else (stated, *computed):
            if _distance(affine, in_frame, face.landmarks) <= _AGREEMENT_PX:
                invert(affine)  # refuses one that flattens the plane
                return in_frame, affine
    except InvalidValueError as error:
        raise ForeignFileError(where, f"its landmarks cannot be used: {error}") from error
    raise ForeignFileError(
        where, "its landmarks and its source_landmarks are not those of one face: no place in the frame fits both"
    )


def _distance(affine: F64, in_frame: F64, in_crop: F64) -> float:
    return float(np.linalg.norm(transform_points(affine, in_frame) - in_crop, axis=1).max())


def _from_faceswap(face: ExtractedFace, content: bytes, file: FaceFile) -> ForeignFace:
    """Return a head-centred picture as the whole face that lies within it, at about the same scale."""
    try:
        stored = crop_of(face)
        per_px = math.hypot(stored[0, 0], stored[1, 0])
        unit = frame_to_crop(face.landmarks, FaceType.WHOLE_FACE, 1)
        side = per_px / math.hypot(unit[0, 0], unit[1, 0])
        size = min(max(round(side / _SIZE_STEP), 1) * _SIZE_STEP, face.size)
        affine = unit * size
        to_crop = compose(invert(stored), affine)
    except InvalidValueError as error:
        raise ForeignFileError(file.where, f"its landmarks cannot be used: {error}") from error

    def open_picture() -> tuple[bytes, U8]:
        rgb = warp_picture(decode_foreign(content, file.where), to_crop, size, border="black")
        return encode_png(rgb), rgb

    return ForeignFace(
        where=file.where,
        source=face.source_filename or file.name,
        frame_size=face.frame_size,
        box=_box(face.box, face.landmarks),
        landmarks=face.landmarks.astype(np.float32),
        face_type=FaceType.WHOLE_FACE,
        size=size,
        frame_to_crop=affine,
        suffix=".png",
        own_mask=None,
        open=open_picture,
    )


def _box(stated: F64 | None, landmarks: F64) -> F32:
    """Return a box in the frame: the one stated where it is one, or the landmarks' extent."""
    box = np.zeros(4, np.float32) if stated is None else stated.astype(np.float32)
    if box[0] < box[2] and box[1] < box[3]:
        return box
    low, high = np.floor(landmarks.min(axis=0)), np.floor(landmarks.max(axis=0)) + 1  # whole px, so never empty
    return np.concatenate([low, high]).astype(np.float32)
