"""Does colour transfer match the reference, and count only what the mask shows?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.color_transfer import rct


@pytest.fixture(scope="module")
def arrays(golden):
    with np.load(golden / "color_transfer.npz") as stored:  # BGR
        return {name: np.ascontiguousarray(stored[name][..., ::-1]) for name in stored}


@pytest.mark.parametrize(
    ("reference", "expected"), [("in_trg", "rct"), ("in_trg_h36_w40", "rct_other_size")], ids=["same size", "another"]
)
def test_matches_the_reference(arrays, reference, expected):
    np.testing.assert_allclose(rct(arrays["in_src"], arrays[reference]), arrays[expected], atol=2e-4)


def test_pixels_without_weight_count_for_nothing(arrays):
    picture, reference = arrays["in_src"], arrays["in_trg"]
    weights = np.zeros(picture.shape[:2], np.float32)
    weights[10:30, 8:32] = 1.0
    masked = rct(picture, reference, weights, weights)
    shown = np.s_[10:30, 8:32]
    alone = rct(np.ascontiguousarray(picture[shown]), np.ascontiguousarray(reference[shown]))
    np.testing.assert_allclose(masked[shown], alone, atol=1e-4)


def test_picture_stays_where_nothing_is_shown(arrays):
    nothing = np.zeros(arrays["in_src"].shape[:2], np.float32)
    np.testing.assert_array_equal(rct(arrays["in_src"], arrays["in_trg"], nothing, nothing), arrays["in_src"])


def test_flat_picture_is_moved_to_the_references_mean():
    flat = np.full((8, 8, 3), 0.4, np.float32)
    reference = np.full((8, 8, 3), (0.6, 0.5, 0.3), np.float32)
    np.testing.assert_allclose(rct(flat, reference), reference, atol=2e-3)


def test_own_colours_stay(arrays):
    # OpenCV's way to L*a*b* and back is that coarse in the shadows
    np.testing.assert_allclose(rct(arrays["in_src"], arrays["in_src"]), arrays["in_src"], atol=4e-3)
