"""Are the mesh's tables sound, and do crops placed by a mesh keep their scale?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import FaceType, InvalidValueError
from understudy_sdk import mesh as meshes
from understudy_sdk.geometry import frame_to_crop, head_pose, scale_crop, transform_points, umeyama
from understudy_sdk.testing.values import plain_landmarks, plain_mesh


def turned(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, side_px=300.0, at=(400.0, 250.0)):
    """A mesh as the network draws it: of the mean head, turned, with its depth drawn too shallow."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    mesh = np.zeros((468, 3))
    mesh[list(meshes.STEADY)] = meshes.TEMPLATE @ (about_z @ about_y @ about_x).T * side_px
    return (mesh + np.array([*at, 0.0])) / (1.0, 1.0, meshes.DEPTH)


def crop_of(mesh, size=256, scale=1.0):
    return frame_to_crop(plain_landmarks(), FaceType.MESH, size, scale, mesh=mesh)


def side_of(affine, size=256):
    return size / np.hypot(affine[0, 0], affine[1, 0])


def test_tables_name_points_that_exist():
    assert len(set(meshes.FACE_OVAL)) == len(meshes.FACE_OVAL) == 36
    assert meshes.TEMPLATE.shape == (len(meshes.STEADY), 3)
    corners = np.array(meshes.SURFACE)
    assert corners.min() >= 0
    assert corners.max() < meshes.COUNTS[0]
    assert set(meshes.FACE_OVAL) <= set(corners.ravel())


def test_the_surface_has_the_oval_for_its_only_rim():
    sides = [tuple(sorted(pair)) for a, b, c in meshes.SURFACE for pair in ((a, b), (b, c), (c, a))]
    rim = {side for side in sides if sides.count(side) == 1}
    assert rim == {
        tuple(sorted(pair)) for pair in zip(meshes.FACE_OVAL, meshes.FACE_OVAL[1:] + meshes.FACE_OVAL[:1], strict=True)
    }
    assert max(sides.count(side) for side in sides) == 2


def test_the_mean_head_is_symmetric():
    mirrored = meshes.TEMPLATE * (-1.0, 1.0, 1.0)
    nearest = np.linalg.norm(meshes.TEMPLATE[:, None] - mirrored[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-9


@pytest.mark.parametrize("pose", [(0, 0), (70, 0), (-70, 0), (40, 20), (0, -30)], ids=str)
def test_turning_the_head_changes_neither_scale_nor_centre_nor_tilt(pose):
    affine = crop_of(turned(*pose))
    assert side_of(affine) == pytest.approx(300.0)
    np.testing.assert_allclose(transform_points(affine, np.array([[400.0, 250.0]])), [[128, 128]], atol=1e-6)
    tilt_deg = np.degrees(np.arctan2(affine[1, 0], affine[0, 0]))
    assert tilt_deg == pytest.approx(0.0, abs=1e-6 if 0 in pose else 8.0)  # two turns together tilt a little


@pytest.mark.parametrize("roll", [-170.0, -35.0, 10.0, 90.0])
def test_a_tilted_head_stands_upright_in_the_crop(roll):
    upright, tilted = turned(25.0), turned(25.0, roll_deg=roll)
    in_upright, in_tilted = (transform_points(crop_of(mesh), mesh[:, :2]) for mesh in (upright, tilted))
    np.testing.assert_allclose(in_tilted[list(meshes.STEADY)], in_upright[list(meshes.STEADY)], atol=1e-6)


def test_an_open_mouth_changes_nothing():
    still, moved = turned(20.0), turned(20.0)
    others = np.setdiff1d(np.arange(468), meshes.STEADY)
    moved[others] += 37.0
    np.testing.assert_array_equal(crop_of(still), crop_of(moved))


def test_size_and_scale_follow_the_rule_of_all_crops():
    mesh = turned(15.0, 5.0, 8.0)
    np.testing.assert_allclose(scale_crop(crop_of(mesh, 512), 512, 256), crop_of(mesh), atol=1e-9)
    assert side_of(crop_of(mesh, scale=1.25)) == pytest.approx(300.0 / 1.25)


def test_irises_make_no_difference():
    mesh = turned(12.0)
    with_irises = np.concatenate([mesh, np.full((10, 3), 77.0)])
    np.testing.assert_array_equal(crop_of(with_irises), crop_of(mesh))


def test_the_pose_leads_to_the_template():
    mesh = turned(33.0, -12.0, 70.0, side_px=120.0)
    to_head = head_pose(mesh)
    points = (mesh * (1.0, 1.0, meshes.DEPTH))[list(meshes.STEADY)]
    np.testing.assert_allclose(points @ to_head[:, :3].T + to_head[:, 3], meshes.TEMPLATE, atol=1e-9)


def test_umeyama_finds_a_known_similarity_in_space():
    points = np.random.default_rng(0).normal(size=(20, 3))
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    found = umeyama(points, 2.5 * points @ rotation.T + (1.0, 2.0, 3.0))
    np.testing.assert_allclose(found, np.column_stack([2.5 * rotation, (1.0, 2.0, 3.0)]), atol=1e-9)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (None, "missing"),
        (np.zeros((68, 3)), r"\(68, 3\)"),
        (np.zeros((468, 2)), r"\(468, 2\)"),
        (np.full((468, 3), np.nan), "not finite"),
        (np.zeros((468, 3)), "all in one place"),
    ],
    ids=["none", "landmarks", "flat", "nan", "one place"],
)
def test_a_mesh_that_places_nothing_is_refused(mesh, words):
    with pytest.raises(InvalidValueError, match=words):
        crop_of(mesh)


def test_the_plain_mesh_fills_the_plain_crop():
    """The contract tests' mesh lies as the mesh of a crop does: its own crop is the crop it lies in."""
    mesh = plain_mesh(200, FaceType.MESH)
    np.testing.assert_allclose(crop_of(mesh, 200), np.eye(2, 3), atol=1e-4)
