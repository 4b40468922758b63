"""Is a landmark error what it says: relative to the eyes, and free of where the face lies?"""

import numpy as np
import pytest

from understudy.quality.expression import expression_error
from understudy_sdk import InvalidValueError, landmarks
from understudy_sdk.testing.values import plain_landmarks


@pytest.fixture
def wanted():
    return np.asarray(plain_landmarks(128), np.float32)


def eyes_distance(points):
    return float(np.hypot(*(points[45] - points[36])))


def test_equal_landmarks_have_no_error(wanted):
    found = expression_error(wanted, wanted)
    assert (found.all, found.shape, found.eyes, found.mouth) == pytest.approx((0, 0, 0, 0), abs=1e-4)


def test_a_shift_is_no_change_of_expression(wanted):
    found = expression_error(wanted + np.array([3, 4], np.float32), wanted)
    assert found.all == pytest.approx(100 * 5 / eyes_distance(wanted), rel=1e-4)
    assert found.shape == pytest.approx(0.0, abs=1e-3)


def test_an_open_mouth_is_found_at_the_mouth(wanted):
    moved = wanted.copy()
    moved[landmarks.MOUTH] += (0, 6)
    found = expression_error(moved, wanted)
    assert found.all == pytest.approx(100 * 6 * 20 / 51 / eyes_distance(wanted), rel=1e-4)  # 20 of 51 landmarks
    assert found.mouth == pytest.approx(100 * 6 / eyes_distance(wanted), rel=1e-4)
    assert found.eyes == pytest.approx(0.0, abs=1e-3)
    assert found.shape == pytest.approx(found.all, rel=1e-4)


def test_closed_eyes_are_found_at_the_eyes(wanted):
    moved = wanted.copy()
    moved[[37, 38, 43, 44], 1] = wanted[[41, 40, 47, 46], 1]
    found = expression_error(moved, wanted)
    assert found.eyes > 1.0
    assert found.mouth == pytest.approx(0.0, abs=1e-3)


def test_the_jaw_does_not_count(wanted):
    moved = wanted.copy()
    moved[landmarks.JAW] += 20
    assert expression_error(moved, wanted).all == pytest.approx(0.0, abs=1e-4)


def test_eyes_in_one_place_are_refused(wanted):
    with pytest.raises(InvalidValueError):
        expression_error(wanted, wanted * 0)
