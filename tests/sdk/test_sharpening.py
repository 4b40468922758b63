"""Are pictures sharpened, smoothed and worn down as in the reference?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.sharpening import degrade_bicubic, median_passes, reduce_colors, sharpen


@pytest.fixture(scope="module")
def arrays(golden):
    with np.load(golden / "filters.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("amount", [5, 60])
@pytest.mark.parametrize(("kind", "mode"), [("box", 1), ("gaussian", 2)])
def test_sharpening_equals_the_reference(arrays, kind, mode, amount):
    expected = arrays[f"blursharpen_mode{mode}_k3_amount{amount}"]
    np.testing.assert_allclose(sharpen(arrays["in_img"], amount, kind), expected, atol=1e-5 * amount)


@pytest.mark.parametrize("amount", [5, 15, 30])
def test_medians_equal_the_reference(arrays, amount):
    expected = arrays[f"blursharpen_amount-{amount}"]
    np.testing.assert_allclose(median_passes(arrays["in_img"], amount, 10), expected, atol=1e-6)


def test_a_palette_comes_as_near_to_the_picture_as_the_references(arrays):
    picture, theirs = arrays["in_img"], arrays["reduce_colors_32"]
    ours = reduce_colors(picture, 1.0, 32)
    assert len(np.unique(ours.reshape(-1, 3), axis=0)) <= 32
    assert np.abs(ours - picture).mean() < 1.1 * np.abs(theirs - picture).mean()
    np.testing.assert_allclose(reduce_colors(picture, 0.5, 32), (picture + ours) / 2, atol=1e-6)
    assert len(np.unique(reduce_colors(picture, 1.0).reshape(-1, 3), axis=0)) <= 256


def test_a_plain_picture_needs_one_colour():
    plain = np.full((8, 8, 3), 0.3, np.float32)
    np.testing.assert_allclose(reduce_colors(plain, 1.0), plain, atol=1e-6)


def test_larger_details_are_sharpened_where_a_pixel_of_the_model_is_larger():
    line = np.sin(np.arange(64, dtype=np.float32) * 2 * np.pi / 16) * 0.2 + 0.5
    picture = np.broadcast_to(line[None, :, None], (64, 64, 3)).copy()
    gains = [np.ptp(sharpen(picture, 2, "gaussian", detail)[:, 16:48]) / np.ptp(picture) for detail in (1.0, 4.0)]
    assert gains[1] > gains[0] > 1.0


def test_degrading_takes_detail_away_and_keeps_the_mean(arrays):
    picture = arrays["in_img"]
    worn = degrade_bicubic(picture, 50)
    assert worn.shape == picture.shape
    assert worn.mean() == pytest.approx(picture.mean(), abs=0.02)
    assert np.abs(np.diff(worn, axis=1)).mean() < 0.95 * np.abs(np.diff(picture, axis=1)).mean()
    assert np.abs(degrade_bicubic(picture, 75) - picture).mean() > 1.5 * np.abs(worn - picture).mean() > 0
    np.testing.assert_allclose(degrade_bicubic(picture, 0), picture, atol=1e-5)
