"""Do a crop's numbers say which way its face looks in the frame, how sharp it is and how bright?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.steadiness import look_of
from understudy_sdk import FaceType
from understudy_sdk.geometry import frame_to_crop, transform_points
from understudy_sdk.landmarks import TEMPLATE


def leaning_face(degrees):
    """Return a frame's landmarks of a frontal face that leans clockwise."""
    angles, turn = np.linspace(0, np.pi, 17), np.radians(degrees)
    jaw = np.stack([0.5 - 0.6 * np.cos(angles), 0.2 + 0.9 * np.sin(angles)], axis=1)
    points = (np.concatenate([jaw, TEMPLATE]) - 0.5) * 120
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points @ rotation.T + (300, 200)


def crop_of(landmarks, face_type=FaceType.WHOLE_FACE, size=256):
    affine = frame_to_crop(landmarks, face_type, size)
    return affine, transform_points(affine, landmarks).astype(np.float32)


def patterned(size=256, step=4):
    rows, columns = np.indices((size, size)) // step
    return np.repeat((((rows + columns) % 2) * 120 + 60).astype(np.uint8)[..., None], 3, axis=2)


WHOLE = np.full((256, 256), 255, np.uint8)


@pytest.mark.parametrize("degrees", [0, 20, -35, 80, 120, 179, -170])
@pytest.mark.parametrize("face_type", [FaceType.WHOLE_FACE, FaceType.FULL_NO_ALIGN])
def test_roll_is_of_the_face_in_the_frame(degrees, face_type):
    upright = look_of(patterned(), WHOLE, *crop_of(leaning_face(0))[::-1])
    affine, landmarks = crop_of(leaning_face(degrees), face_type)
    look = look_of(patterned(), WHOLE, landmarks, affine)
    away = (look.roll_deg - degrees - upright.roll_deg + 180) % 360 - 180
    assert abs(away) < 1.5
    assert -180 <= look.roll_deg <= 180
    assert abs(look.yaw_deg) < 3


def test_a_blurred_crop_is_less_sharp():
    affine, landmarks = crop_of(leaning_face(0))
    sharp = look_of(patterned(), WHOLE, landmarks, affine)
    blurred = look_of(cv2.GaussianBlur(patterned(), (0, 0), 2.0), WHOLE, landmarks, affine)
    assert blurred.sharpness < 0.1 * sharp.sharpness
    assert blurred.brightness == pytest.approx(sharp.brightness, abs=2)


def test_sharpness_is_the_variance_of_the_laplacian_under_the_mask():
    affine, landmarks = crop_of(leaning_face(0))
    picture = patterned()
    picture[:, 128:] = 200
    mask = np.zeros((256, 256), np.float32)
    mask[:, 160:] = 1.0
    look = look_of(picture, mask, landmarks, affine)
    assert (look.sharpness, look.brightness) == (pytest.approx(0.0), pytest.approx(200.0))
    grey = picture[..., 0].astype(np.float64)[:, :128]
    inside = (mask == 0)[:, :128]
    padded = np.pad(grey, 1, mode="reflect")
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    look = look_of(picture, (np.arange(256) < 128)[None].repeat(256, axis=0).astype(np.float32), landmarks, affine)
    assert look.sharpness == pytest.approx(laplacian[inside].var(), rel=0.02)


def test_large_crops_and_small_masks_are_measured_alike():
    affine, landmarks = crop_of(leaning_face(10))
    picture = cv2.GaussianBlur(patterned(step=16), (0, 0), 3.0)
    small = look_of(picture, WHOLE, landmarks, affine)
    large = look_of(
        cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_CUBIC), WHOLE[::4, ::4], landmarks * 4, affine
    )
    assert large.sharpness == pytest.approx(small.sharpness, rel=0.1)
    assert large.brightness == pytest.approx(small.brightness, abs=0.5)
    assert large.pitch_deg == pytest.approx(small.pitch_deg, abs=0.1)


def test_an_empty_mask_means_the_whole_crop():
    affine, landmarks = crop_of(leaning_face(0))
    empty = look_of(patterned(), np.zeros((256, 256), np.uint8), landmarks, affine)
    assert empty == look_of(patterned(), WHOLE, landmarks, affine)
