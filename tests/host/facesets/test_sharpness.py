"""Do the measures of sharpness agree with their reference, fall with blur, and find nothing in a flat picture?"""

import cv2
import numpy as np
import pytest

from understudy.facesets.sharpness import cpbd_sharpness, fourier_detail, laplacian_variance, motion_sharpness

MEASURES = [cpbd_sharpness, motion_sharpness, laplacian_variance, fourier_detail]


@pytest.fixture(scope="module")
def reference(golden):
    return np.load(golden / "sharpness.npz")


def grey_of(reference):
    return cv2.cvtColor(reference["in_img128_u8"], cv2.COLOR_BGR2GRAY)


def test_cpbd_is_the_reference_to_the_last_digit(reference):
    assert cpbd_sharpness(grey_of(reference)) == pytest.approx(float(reference["estimate_sharpness_128"]), abs=1e-12)


def test_cpbd_of_the_blurred_picture_is_the_reference(reference):
    blurred = cv2.cvtColor(cv2.blur(reference["in_img128_u8"], (5, 5)), cv2.COLOR_BGR2GRAY)
    assert cpbd_sharpness(blurred) == pytest.approx(float(reference["estimate_sharpness_128_blurred"]), abs=1e-3)


@pytest.mark.parametrize("measure", MEASURES)
def test_blurring_lowers_it_step_by_step(measure, reference):
    grey = grey_of(reference)
    values = [measure(grey), *(measure(cv2.GaussianBlur(grey, (0, 0), sigma)) for sigma in (0.7, 1.5))]
    assert values[0] > values[1] > values[2]


@pytest.mark.parametrize(("measure", "nothing"), [*zip(MEASURES, (0.0, 0.0, 0.0, -100.0), strict=True)])
def test_a_flat_picture_has_none(measure, nothing):
    assert measure(np.full((96, 96), 90, np.uint8)) == pytest.approx(nothing)


def test_motion_blur_along_one_direction_lowers_it(reference):
    grey = grey_of(reference)
    smeared = cv2.filter2D(grey, -1, np.full((1, 9), 1 / 9))
    assert motion_sharpness(smeared) < 0.6 * motion_sharpness(grey)


@pytest.mark.parametrize(("ramp_px", "seen_as_sharp"), [(1, 1.0), (9, 0.0)])
def test_a_ramp_is_as_wide_as_it_is_drawn(ramp_px, seen_as_sharp):
    """A step of 1 px is sharp to the eye at any contrast, one of 9 px is not."""
    row = np.interp(np.arange(128), [62.8, 62.8 + ramp_px], [40, 200])
    assert cpbd_sharpness(np.tile(row, (128, 1)).astype(np.uint8)) == seen_as_sharp
