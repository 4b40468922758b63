"""Do structural similarity, colour difference and overlap agree with their references, and with sums by hand?"""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from understudy.quality.similarity import color_difference, mask_iou, ssim


def test_ssim_over_all_is_the_mean_of_the_channels(portrait):
    random = np.random.default_rng(0)
    other = np.clip(portrait + random.normal(0, 0.05, portrait.shape), 0, 1).astype(np.float32)
    maps = [
        structural_similarity(
            portrait[..., channel], other[..., channel], data_range=1.0, full=True,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )[1]
        for channel in range(3)
    ]  # fmt: skip
    assert ssim(portrait, other, np.ones((96, 96), np.float32)) == pytest.approx(np.mean(maps), abs=1e-5)


def test_ssim_sees_within_the_mask_alone(portrait, middle):
    other = portrait.copy()
    other[:10] = 0.0
    assert ssim(portrait, other, middle) == pytest.approx(1.0)
    assert ssim(portrait, other, np.ones_like(middle)) < 0.95


def test_ssim_of_plain_pictures_is_the_term_of_their_means():
    one, other, mask = np.full((16, 16, 3), 0.5, np.float32), np.full((16, 16, 3), 0.25, np.float32), np.ones((16, 16))
    wanted = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert ssim(one, other, mask.astype(np.float32)) == pytest.approx(wanted, abs=1e-5)


def test_pictures_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match="11 px"):
        ssim(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8, 3), np.float32), np.ones((8, 8), np.float32))


def test_black_and_white_differ_by_a_hundred(middle):
    black, white = np.zeros((96, 96, 3), np.float32), np.ones((96, 96, 3), np.float32)
    assert color_difference(black, white, middle) == pytest.approx(100.0, abs=0.01)
    white[middle == 0] = 0.0
    assert color_difference(black, white, middle) == pytest.approx(100.0, abs=0.01)
    assert color_difference(black, white, 1 - middle) == 0.0


def test_overlap_is_shared_over_either():
    one, other = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    one[:4], other[2:6] = 1.0, 0.5
    assert mask_iou(one, other) == pytest.approx(2 / 6)
    assert mask_iou(one, one) == 1.0
    assert mask_iou(one * 0, other * 0) == 1.0
    assert mask_iou(one, other * 0) == 0.0
