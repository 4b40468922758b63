"""Do crops lie where DeepFaceLab puts them, and does every transform undo its opposite?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import FaceType, InvalidValueError
from understudy_sdk import landmarks as marks
from understudy_sdk.geometry import (
    average_yaw,
    compose,
    crop_corners,
    frame_to_crop,
    invert,
    mirror_landmarks,
    scale_crop,
    shift_origin,
    transform_points,
    umeyama,
)

SETS = ("frontal", "rolled", "yawed", "upside_down")
GOLDEN_NAMES = {
    FaceType.HALF: "half_face",
    FaceType.MID_FULL: "midfull_face",
    FaceType.FULL: "full_face",
    FaceType.FULL_NO_ALIGN: "full_face_no_align",
    FaceType.WHOLE_FACE: "whole_face",
    FaceType.HEAD: "head",
    FaceType.HEAD_NO_ALIGN: "head_no_align",
}
TOLERANCE = 2e-4  # the reference goes through three corner points in float32; its shifts are hundreds of pixels


@pytest.fixture(scope="module")
def alignment(golden):
    with np.load(golden / "alignment.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("face_type", GOLDEN_NAMES)
@pytest.mark.parametrize("name", SETS)
def test_crop_lies_where_the_reference_puts_it(alignment, name, face_type):
    expected = alignment[f"mat256.{name}.{GOLDEN_NAMES[face_type]}"]
    there = frame_to_crop(alignment[f"in_landmarks.{name}"], face_type, 256)
    np.testing.assert_allclose(there, expected, atol=TOLERANCE)
    back = invert(there)
    grid = np.stack(np.meshgrid([0.0, 100.0, 256.0], [0.0, 31.0, 256.0]), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(transform_points(expected, transform_points(back, grid)), grid, atol=2 * TOLERANCE)
    np.testing.assert_allclose(transform_points(there, transform_points(back, grid)), grid, atol=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_scale_shows_less_and_size_only_multiplies(alignment, name):
    landmarks = alignment[f"in_landmarks.{name}"]
    near = frame_to_crop(landmarks, FaceType.WHOLE_FACE, 512, scale=1.25)
    np.testing.assert_allclose(near, alignment[f"mat512_scale1.25.{name}.whole_face"], atol=TOLERANCE)
    far = frame_to_crop(landmarks, FaceType.FULL, 96, scale=0.9)
    np.testing.assert_allclose(far, alignment[f"mat96_scale0.9.{name}.full_face"], atol=TOLERANCE)
    half = frame_to_crop(landmarks, FaceType.WHOLE_FACE, 256, scale=1.25)
    np.testing.assert_allclose(scale_crop(near, 512, 256), half, atol=1e-10)
    np.testing.assert_allclose(scale_crop(half, 256, 512), near, atol=1e-10)


@pytest.mark.parametrize("name", SETS)
def test_umeyama_matches_the_reference(alignment, name):
    landmarks = alignment[f"in_landmarks.{name}"][list(marks.ALIGNED)]
    found = umeyama(landmarks, marks.TEMPLATE[np.subtract(marks.ALIGNED, 17)])
    np.testing.assert_allclose(found, alignment[f"umeyama_to_template.{name}"][:2], atol=1e-6)


def test_umeyama_finds_a_known_similarity_in_both_directions():
    points = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [-3.0, 7.0]])
    angle, scale = 0.6, 3.0
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = points @ (scale * rotation).T + (7.0, -2.0)
    there = umeyama(points, moved)
    np.testing.assert_allclose(there, np.column_stack([scale * rotation, (7.0, -2.0)]), atol=1e-12)
    np.testing.assert_allclose(umeyama(moved, points), invert(there), atol=1e-12)


def test_umeyama_never_mirrors():
    points = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [-3.0, 7.0]])
    found = umeyama(points, points * (-1.0, 1.0))
    assert np.linalg.det(found[:, :2]) > 0.0


@pytest.mark.parametrize("points", [np.full((68, 2), 5.0), np.full((68, 2), np.nan)], ids=["one place", "nan"])
def test_landmarks_that_place_nothing_are_refused(points):
    with pytest.raises(InvalidValueError, match="not all in one place"):
        frame_to_crop(points, FaceType.FULL, 256)


def test_float32_landmarks_give_float64_affines(alignment):
    landmarks = alignment["in_landmarks.rolled"].astype(np.float32)
    affine = frame_to_crop(landmarks, FaceType.HEAD, 256)
    assert affine.dtype == np.float64
    assert crop_corners(affine, 256).dtype == np.float64


@pytest.mark.parametrize("name", SETS)
def test_landmarks_in_the_crop_yaw_and_mirror_match_the_reference(alignment, name):
    landmarks = alignment[f"in_landmarks.{name}"]
    affine = frame_to_crop(landmarks, FaceType.FULL, 256)
    aligned = transform_points(affine, landmarks)
    np.testing.assert_allclose(aligned, alignment[f"aligned_landmarks256.{name}.full_face"], atol=TOLERANCE)
    np.testing.assert_allclose(transform_points(invert(affine), aligned), landmarks, atol=1e-9)
    assert average_yaw(aligned) == pytest.approx(alignment[f"averaged_yaw.{name}"], abs=1e-4)
    mirrored = mirror_landmarks(aligned, 256)
    np.testing.assert_allclose(mirrored, alignment[f"mirror.{name}"], atol=TOLERANCE)
    np.testing.assert_allclose(mirror_landmarks(mirrored, 256), aligned, atol=1e-12)
    assert average_yaw(mirrored) == pytest.approx(-average_yaw(aligned))


def test_head_follows_the_yaw(alignment):
    poses = [key.removeprefix("in_pose.") for key in alignment if key.startswith("in_pose.")]
    assert len(poses) == 7
    for pose in poses:
        affine = frame_to_crop(alignment[f"in_pose.{pose}"], FaceType.HEAD, 256)
        np.testing.assert_allclose(affine, alignment[f"pose_mat256_head.{pose}"], atol=TOLERANCE, err_msg=pose)


@pytest.mark.parametrize("name", SETS)
def test_corners_match_the_reference(alignment, name):
    affine = frame_to_crop(alignment[f"in_landmarks.{name}"], FaceType.FULL, 256)
    # the reference asks for the outer pixels' centres, 0 and 255
    np.testing.assert_allclose(crop_corners(affine, 255), alignment[f"inverse_points.{name}"], atol=TOLERANCE)
    np.testing.assert_allclose(
        transform_points(affine, crop_corners(affine, 256)), [(0, 0), (256, 0), (256, 256), (0, 256)], atol=1e-9
    )


def test_compose_and_shift_origin_go_one_after_the_other():
    first = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, -1.0]])
    then = np.array([[0.0, -1.0, 5.0], [1.0, 0.0, 0.0]])
    points = np.array([[1.0, 2.0], [-4.0, 0.5]])
    both = transform_points(then, transform_points(first, points))
    np.testing.assert_allclose(transform_points(compose(first, then), points), both)
    np.testing.assert_allclose(transform_points(shift_origin(first, 10, 20), points - (10, 20)), [[3, 5], [-7, 0.5]])


def test_a_flat_affine_has_no_opposite():
    with pytest.raises(InvalidValueError, match="determinant"):
        invert(np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]]))


@pytest.mark.parametrize("expansion", [0.5, 1.0, 2.0])
def test_brows_rise_as_in_the_reference(alignment, expansion):
    risen = marks.expand_brows(alignment["masks.landmarks_aligned128_wf"], expansion)
    np.testing.assert_array_equal(risen, alignment[f"masks.expand_eyebrows_{expansion}"])


def test_mirrored_order_is_its_own_inverse():
    np.testing.assert_array_equal(marks.MIRRORED[marks.MIRRORED], np.arange(marks.COUNT))
    assert set(np.flatnonzero(np.arange(marks.COUNT) == marks.MIRRORED)) == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}
