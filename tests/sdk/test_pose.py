"""Is a face's pose the one that DeepFaceLab states, and never one of a head behind the camera?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from understudy_sdk import FaceType
from understudy_sdk.geometry import frame_to_crop, mirror_landmarks, transform_points
from understudy_sdk.pose import _HEAD, _SEEN, pose

POSES = (
    "pitch0_yaw0_roll0",
    "pitch0_yaw30_roll0",
    "pitch0_yaw-45_roll0",
    "pitch15_yaw0_roll0",
    "pitch-20_yaw10_roll0",
    "pitch5_yaw-20_roll12",
    "pitch0_yaw60_roll-5",
)


@pytest.fixture(scope="module")
def alignment(golden):
    with np.load(golden / "alignment.npz") as arrays:
        return dict(arrays)


def seen_head(pitch, yaw, roll, size=256.0, distance=400.0):
    """Return the landmarks of the mean head in that pose, before the camera."""
    (sx, cx), (sy, cy), (sz, cz) = ((math.sin(a), math.cos(a)) for a in (-pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    points = _HEAD @ (about_z @ about_y @ about_x).T + (0.0, 0.0, distance)
    landmarks = np.zeros((68, 2))
    landmarks[list(_SEEN)] = points[:, :2] / points[:, 2:] * size + size / 2
    return landmarks


@pytest.mark.parametrize("name", POSES)
def test_poses_are_those_of_deepfacelab(alignment, name):
    landmarks = alignment[f"in_pose.{name}"]
    aligned = transform_points(frame_to_crop(landmarks, FaceType.FULL, 256), landmarks)
    np.testing.assert_allclose(pose(aligned, 256), alignment[f"pose_pitch_yaw_roll.{name}"], atol=1e-4)


def test_a_known_head_is_found_in_any_pose():
    random = np.random.default_rng(0)
    for _ in range(200):
        known = random.uniform((-0.6, -1.2, -3.0), (0.6, 1.2, 3.0))
        np.testing.assert_allclose(pose(seen_head(*known), 256), known, atol=1e-3)


def test_the_signs_are_as_stated():
    up, left = seen_head(0.3, 0, 0), seen_head(0, 0.5, 0)
    straight = seen_head(0, 0, 0)
    assert up[33, 1] < straight[33, 1], "the nose goes up"
    assert left[33, 0] < straight[33, 0], "the nose goes to the picture's left"
    assert seen_head(0, 0, 0.2)[19, 0] > straight[19, 0], "the brows go to the right: clockwise"
    assert pose(up, 256)[0] > 0.25
    assert pose(left, 256)[1] > 0.45


def test_a_mirrored_face_looks_the_other_way():
    pitch, yaw, roll = pose(mirror_landmarks(seen_head(0.1, 0.6, 0.2), 257), 256)
    assert (pitch, yaw, roll) == pytest.approx((0.1, -0.6, -0.2), abs=0.05)


def test_the_size_of_the_picture_does_not_matter():
    landmarks = seen_head(0.2, -0.4, 0.1)
    np.testing.assert_allclose(pose(landmarks * 4, 1024), pose(landmarks, 256), atol=1e-4)
