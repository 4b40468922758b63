"""Does the fallback tell the people of the footage apart, and does it overlook how they are lit?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.recognizer.appearance import AppearanceConfig
from understudy_plugins.recognizer.appearance.recognizer import AppearanceRecognizer
from understudy_sdk import Crop, FaceType
from understudy_sdk.geometry import mirror_landmarks
from understudy_sdk.testing.values import plain_crop, plain_landmarks


@pytest.fixture
def recognizer():
    return AppearanceRecognizer(AppearanceConfig())


def a_crop(rgb, landmarks=None):
    marks = plain_landmarks(rgb.shape[0]) if landmarks is None else landmarks
    return Crop(np.ascontiguousarray(rgb, np.uint8), np.eye(2, 3), FaceType.FULL, marks.astype(np.float32))


def soft(seed, size=128):
    """Return a soft pattern of greys between 60 and 180, uint8 (S, S, 3)."""
    coarse = np.random.default_rng(seed).uniform(60, 180, (size // 16 + 2, size // 16 + 2))
    places = np.arange(size) / 16
    rows = np.stack([np.interp(places, np.arange(len(coarse)), column) for column in coarse.T], axis=1)
    grey = np.stack([np.interp(places, np.arange(coarse.shape[1]), row) for row in rows])
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def test_light_and_contrast_do_not_count(recognizer):
    rgb = soft(0)
    darker, warmer = rgb * 0.6 + 10, rgb * np.array([1.2, 1.0, 0.8])
    vectors = recognizer.embed([a_crop(picture) for picture in (rgb, darker, warmer)])
    assert (vectors[0] @ vectors[1:].T > 0.9).all()


def test_a_mirrored_face_is_the_same_face(recognizer):
    crop = a_crop(soft(1))
    mirrored = a_crop(crop.rgb[:, ::-1], mirror_landmarks(crop.landmarks, crop.size))
    one, other = recognizer.embed([crop, mirrored])
    assert one @ other > 0.95


def test_other_patterns_are_another_face(recognizer):
    vectors = recognizer.embed([a_crop(soft(seed)) for seed in range(5)])
    assert ((vectors @ vectors.T)[np.triu_indices(5, 1)] < recognizer.same_person).all()


def test_the_crops_size_hardly_matters(recognizer):
    one, other = recognizer.embed([a_crop(soft(2)), a_crop(soft(2).repeat(2, 0).repeat(2, 1))])
    assert one @ other > 0.9


def test_the_threshold_is_a_setting():
    assert AppearanceRecognizer(AppearanceConfig(same_person=0.5)).same_person == 0.5
    with pytest.raises(ValueError, match="same_person"):
        AppearanceConfig(same_person=1.5)


def test_noise_has_a_vector_too(recognizer):
    assert np.isfinite(recognizer.embed([plain_crop()])).all()
