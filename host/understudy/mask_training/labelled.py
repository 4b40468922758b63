"""Which faces carry a mask that a person drew, and how do they become what a masker learns from?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from understudy import training
from understudy.errors import RequestError
from understudy.faceset import FaceLabel, FaceRow, Faceset
from understudy.learning import REACH
from understudy_sdk import Crop, CropSpec
from understudy_sdk.geometry import compose, frame_to_crop, invert, mesh_to_crop, transform_points
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import warp_picture

__all__ = ["LabelledFace", "labelled_faces", "save_labelled", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFace:
    """A face with the mask that a person drew on it.

    Attributes:
        folder: The faceset's.
        row: The face.
        label: Its mask.
    """

    folder: Path
    row: FaceRow
    label: FaceLabel

    def at(self, spec: CropSpec) -> tuple[Crop, U8]:
        """Return it at a masker's crop, and the drawn mask over that, uint8 (S, S), 0 or 255."""
        row = self.row
        affine = frame_to_crop(row.landmarks, spec.face_type, spec.size, mesh=row.face.mesh)
        with Faceset(self.folder) as index:
            rgb = warp_picture(index.picture(row), compose(invert(row.frame_to_crop), affine), spec.size)
        landmarks = transform_points(affine, row.landmarks).astype(np.float32)
        mesh = None if row.face.mesh is None else mesh_to_crop(affine, row.face.mesh)
        return Crop(rgb, affine, spec.face_type, landmarks, mesh), self.label.drawn_on(affine, spec.size)


def labelled_faces(folders: Sequence[Path], spec: CropSpec) -> list[LabelledFace]:
    """Return the faces that a masker can learn from, in the order of facesets, clips and frames.

    Those with polygons count; only where nobody drew any, those that came with a mask of DeepFaceLab's XSeg do. Faces
    that are set aside are left out.

    Raises:
        RequestError: No face is labelled, or the labelled faces' crops do not reach as far as the masker's.
    """
    found = [face for folder in dict.fromkeys(folders) for face in _labelled(folder)]
    if not found:
        names = ", ".join(map(str, folders))
        raise RequestError(
            f"no face of {names} is labelled, or all that are have been set aside\n"
            f"  draw polygons on some faces and bring them in: understudy masker polygons import"
        )
    faces = [face for face in found if face.label.polygons] or found
    for face in faces:
        if REACH[face.row.face_type] < REACH[spec.face_type]:
            raise RequestError(
                f"the masker learns from {spec.face_type} crops, but {face.folder} holds labels on "
                f"{face.row.face_type} crops, which show less of the head\n"
                f"  give the masker the setting face_type={face.row.face_type}, or label larger crops"
            )
    return faces


def split(faces: Sequence[LabelledFace], share: float) -> tuple[list[LabelledFace], list[LabelledFace]]:
    """Return the faces that are learnt from, and the share of them that is held out to measure by.

    Which are held out depends on their names alone, so that they stay the same ones when more faces are labelled. At
    least one is, where a share is asked for and two are there.
    """
    count = min(max(round(len(faces) * share), 1), len(faces) - 1) if share > 0 else 0
    held = {id(face) for face in sorted(faces, key=_lot)[:count]}
    return [face for face in faces if id(face) not in held], [face for face in faces if id(face) in held]


def save_labelled(folder: Path, faces: Sequence[LabelledFace], spec: CropSpec) -> training.FaceArrays:
    """Write faces and their masks at a masker's crop, and return them as mapped files."""
    training.save_arrays(folder, spec.size, len(faces), (_arrays(*face.at(spec)) for face in faces))
    return training.load_arrays(folder)


def _labelled(folder: Path) -> list[LabelledFace]:
    with Faceset(folder) as index:
        labels = index.labels()
        if not labels:
            return []
        rows = (row for row in index.all_rows() if row.name in labels and not row.mark)
        return [LabelledFace(folder, row, labels[row.name]) for row in rows]


def _lot(face: LabelledFace) -> str:
    return hashlib.sha256(face.row.name.encode("utf-8", "surrogateescape")).hexdigest()


def _arrays(crop: Crop, mask: U8) -> tuple[U8, U8, F32]:
    return crop.rgb.transpose(2, 0, 1), mask[None], crop.landmarks
