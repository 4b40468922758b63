"""Do crops and masks that follow a dense mesh do better than those of 68 landmarks, on real heads that turn?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.masker.hull import HullConfig
from understudy_plugins.masker.hull.masker import HullMasker
from understudy_plugins.masker.mesh import MeshMaskerConfig
from understudy_plugins.masker.mesh.masker import MeshMasker
from understudy_sdk import Crop, FaceType
from understudy_sdk.geometry import frame_to_crop, invert, mesh_to_crop, transform_points


@pytest.fixture(scope="module")
def faces(released, sampled):
    def found(clip, step):
        detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe")
        frames = list(sampled(clip, step))
        aligned = aligner.align(frames, detector.detect(frames))
        return [max(some, key=lambda face: face.score) for some in aligned if some]

    return found


def crop_of(face, face_type=FaceType.WHOLE_FACE):
    affine = frame_to_crop(face.landmarks, face_type, 256, mesh=face.mesh)
    landmarks = transform_points(affine, face.landmarks).astype(np.float32)
    return Crop(np.zeros((256, 256, 3), np.uint8), affine, face_type, landmarks, mesh_to_crop(affine, face.mesh))


def test_the_crop_is_the_whole_face_square_on_a_frontal_face(faces):
    corners = np.array([[0.0, 0.0], [256.0, 0.0], [0.0, 256.0]])
    for face in faces("phone-portrait.mp4", 80):
        ours, theirs = (
            invert(crop_of(face, face_type).frame_to_crop) for face_type in (FaceType.MESH, FaceType.WHOLE_FACE)
        )
        off = transform_points(ours, corners) - transform_points(theirs, corners)
        assert np.abs(off).max() < 0.05 * 256 * np.hypot(*theirs[:, 0])


def test_the_scale_keeps_steadier_than_whole_face_while_the_head_turns(faces):
    found = faces("actor-b.mp4", 12)
    spread = {}
    for face_type in (FaceType.MESH, FaceType.WHOLE_FACE):
        scales = np.array([np.hypot(*crop_of(face, face_type).frame_to_crop[:, 0]) for face in found])
        spread[face_type] = scales.std() / scales.mean()
    assert spread[FaceType.MESH] < 0.7 * spread[FaceType.WHOLE_FACE]


def test_the_mask_has_the_forehead_that_the_hull_leaves_out(faces):
    (face, *_) = faces("scene-street.mp4", 90)
    crop = crop_of(face)
    (ours,), (theirs,) = (
        MeshMasker(MeshMaskerConfig()).mask([crop]),
        HullMasker(HullConfig(brow_expansion=1.0)).mask([crop]),
    )
    brow = int(crop.landmarks[17:27, 1].min())
    assert ours.values[: brow - 8].sum() > 1.5 * theirs.values[: brow - 8].sum()
    below = slice(brow, 256)
    overlap = np.minimum(ours.values, theirs.values)[below].sum() / theirs.values[below].sum()
    assert overlap > 0.95
