"""Does a picture get the other's histograms, of what counts alone?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.histogram_config import HistogramConfig
from understudy_sdk.histograms import match_histograms, matched_face


def noise(seed, low, high, size=64):
    return np.random.default_rng(seed).uniform(low, high, (size, size, 3)).astype(np.float32)


def test_quantiles_become_the_references():
    matched = match_histograms(noise(1, 0.2, 0.5), noise(2, 0.4, 0.9) ** 2)
    shares = np.linspace(0.02, 0.98, 25)
    wanted = np.quantile(noise(2, 0.4, 0.9) ** 2, shares, axis=(0, 1))
    np.testing.assert_allclose(np.quantile(matched, shares, axis=(0, 1)), wanted, atol=0.02)


def test_a_picture_with_the_same_histograms_stays():
    picture = noise(3, 0, 1)
    np.testing.assert_allclose(match_histograms(picture, picture[::-1]), picture, atol=1e-3)


def test_channels_go_their_own_ways_and_order_stays():
    picture, reference = noise(4, 0.1, 0.9), noise(5, 0, 1) * np.float32([1.0, 0.5, 0.25])
    matched = match_histograms(picture, reference)
    np.testing.assert_allclose(matched.mean(axis=(0, 1)), [0.5, 0.25, 0.125], atol=0.01)
    order = np.argsort(picture[..., 1].ravel())
    assert (np.diff(matched[..., 1].ravel()[order]) >= 0).all()


def test_values_finer_than_bytes_stay_apart():
    ramp = np.repeat(np.linspace(0.4, 0.41, 4096, dtype=np.float32).reshape(64, 64, 1), 3, axis=2)
    assert len(np.unique(match_histograms(ramp, ramp * 0.5)[..., 0])) > 4000


def test_only_what_is_weighted_counts():
    picture, reference, shape = noise(6, 0.3, 0.5), noise(7, 0.6, 0.8), np.zeros((64, 64), np.float32)
    shape[16:48, 16:48] = 1.0
    spoilt = np.where(shape[..., None] > 0, reference, np.float32(0.0))
    kept = matched_face(HistogramConfig(), picture, spoilt, shape)[16:48, 16:48]
    assert kept.mean() == pytest.approx(0.7, abs=0.01)
    whole = matched_face(HistogramConfig(histogram_of="whole_crop"), picture, spoilt, shape)[16:48, 16:48]
    assert whole.mean() < 0.3


def test_a_lower_threshold_keeps_the_face_below_the_targets_brightest():
    picture, reference = noise(8, 0, 1), noise(9, 0, 1)
    shape = np.ones((64, 64), np.float32)
    highest = [
        matched_face(HistogramConfig(histogram_threshold=level), picture, reference, shape).max()
        for level in (255, 238)
    ]
    assert highest == pytest.approx([1.0, 238 / 255], abs=0.01)


def test_plain_or_unseen_pictures_stay():
    grey, empty = np.full((8, 8, 3), 0.5, np.float32), np.zeros((8, 8), np.float32)
    np.testing.assert_array_equal(match_histograms(grey, grey), grey)
    np.testing.assert_array_equal(match_histograms(noise(1, 0, 1, 8), grey, empty, empty), noise(1, 0, 1, 8))
