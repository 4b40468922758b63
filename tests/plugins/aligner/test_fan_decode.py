"""Are the squares that FAN looks at, and the landmarks in its heat maps, where the reference has them?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from understudy_plugins.aligner.fan.decode import (
    Window,
    box_of_landmarks,
    confidences,
    cut,
    peaks,
    samples_of,
    window_of_box,
    window_of_landmarks,
)
from understudy_sdk import Face
from understudy_sdk.testing.values import face_frame, plain_landmarks


@pytest.fixture(scope="module")
def numbers(golden):
    with np.load(golden / "fan" / "fan.npz") as archive:
        return dict(archive)


def hills(points, width: float = 2.0) -> np.ndarray:
    """Return heat maps (1, N, 64, 64) that peak between pixels."""
    row, column = np.mgrid[:64, :64]
    maps = [np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * width**2)) for x, y in points]
    return np.array(maps, np.float32)[None]


def box(*corners: float) -> Face:
    return Face(np.array(corners, np.float32), 0.9)


def test_landmarks_are_deepfacelabs(numbers):
    window = Window(*numbers["decode_center"], side=200 * float(numbers["decode_scale"]))
    found = window.to_frame(peaks(hills(numbers["decode_peaks_xy"]), is_fitted=False)[0])
    np.testing.assert_allclose(found, numbers["decode_out"], atol=1e-9)


@pytest.mark.parametrize(("name", "centre"), [("crop_out_every4", (70, 55)), ("crop_pad_out_every4", (20, 90))])
def test_pictures_are_deepfacelabs(numbers, name, centre):
    found = cut(numbers["crop_in"], Window(*centre, side=200 * 0.45))
    assert found.shape == (256, 256, 3)
    assert np.abs(found[::4, ::4].astype(int) - numbers[name]).max() <= 1  # OpenCV's versions round differently


def test_the_square_of_a_box_worked_out_by_hand():
    window = window_of_box(box(100, 120, 220, 300), is_raised=False, is_level=True)
    assert (window.x, window.y, window.turn) == (160, 210, 0)
    assert window.side == pytest.approx(307.6923, abs=1e-4)
    place = window.to_frame(np.array([31.75, 20.5]))
    np.testing.assert_allclose(place, [158.79808, 154.71154], atol=1e-5)
    raised = window_of_box(box(100, 120, 220, 300), is_raised=True, is_level=True)
    assert (raised.x, raised.y, raised.side) == (160, pytest.approx(210 - 0.12 * 180), window.side)


def test_a_fitted_peak_lies_where_the_hill_was_drawn():
    drawn = np.array([(20.3, 31.8), (5.0, 60.49), (40.5, 12.25)])
    np.testing.assert_allclose(peaks(hills(drawn), is_fitted=True)[0] - 0.5, drawn, atol=1e-4)


def test_a_peak_that_is_no_hill_is_placed_as_the_reference_does():
    """Values below 0 have no Gaussian through them, and a flat top has no bend."""
    maps = np.full((1, 2, 64, 64), -1.0, np.float32)
    maps[0, 0, 30, 40], maps[0, 0, 30, 41] = -0.1, -0.5
    maps[0, 1] = 1.0
    maps[0, 1, 30, 40:43] = 2.0
    for is_fitted in (True, False):
        np.testing.assert_array_equal(peaks(maps, is_fitted)[0, 0], [40.75, 30.5])
    np.testing.assert_array_equal(peaks(maps[:, 1:], is_fitted=True)[0, 0], [41.0, 30.5])


def test_peaks_at_the_edge_are_not_moved():
    maps = np.zeros((1, 3, 64, 64), np.float32)
    for index, (x, y) in enumerate([(0, 30), (63, 63), (12, 0)]):
        maps[0, index, y, x] = 1.0
        maps[0, index, y, min(x + 1, 62)] = 0.5
    for is_fitted in (True, False):
        np.testing.assert_array_equal(peaks(maps, is_fitted)[0], [(0.5, 30.5), (63.5, 63.5), (12.5, 0.5)])


def test_confidence_is_the_mean_height_of_the_peaks():
    maps = np.zeros((3, 2, 64, 64), np.float32)
    maps[0, 0, 3, 4], maps[0, 1, 5, 6] = 0.9, 0.5
    maps[1] = 7.0
    maps[2] = -3.0
    np.testing.assert_allclose(confidences(maps), [0.7, 1.0, 0.0], atol=1e-7)


def test_a_turned_square_shows_what_the_upright_one_does():
    """The two ways of cutting agree but for the whole pixels of the upright one."""
    frame = face_frame()
    upright = cut(frame.rgb, Window(160.4, 120.4, 256.0)).astype(int)
    turned = cut(frame.rgb, Window(160.4, 120.4, 256.0, turn=1e-9)).astype(int)
    moved = [np.abs(np.roll(turned, shift, axis=1) - upright)[8:-8, 8:-8].mean() for shift in (-4, -1, 0, 1, 4)]
    assert min(moved) == min(moved[1:4])
    assert moved[2] < 1.5


@pytest.mark.parametrize("side", [90.0, 1100.0])
def test_turned_squares_show_a_turned_picture(side):
    """A quarter turn of the square turns its picture back, near and far."""
    frame = face_frame(320, 320)
    ahead = cut(frame.rgb, Window(160, 160, side, turn=1e-9))
    aside = cut(frame.rgb, Window(160, 160, side, turn=math.pi / 2))
    assert np.abs(np.rot90(aside, -1)[8:-8, 8:-8].astype(int) - ahead[8:-8, 8:-8]).mean() < 4


def test_points_go_along_the_axes_of_a_turned_square():
    window = Window(100, 50, side=64, turn=math.pi / 2)
    np.testing.assert_allclose(window.to_frame(np.array([32.0, 32.0])), [100, 50])
    np.testing.assert_allclose(window.to_frame(np.array([42.0, 32.0])), [100, 60], atol=1e-9)  # across is down there
    np.testing.assert_allclose(window.to_frame(np.array([32.0, 42.0])), [90, 50], atol=1e-9)


def test_what_lies_beyond_the_frame_is_black():
    frame = np.full((40, 40, 3), 255, np.uint8)
    for turn in (0.0, 0.1):
        assert not cut(frame, Window(500, 500, 100, turn)).any()
        assert not cut(frame, Window(-300, 20, 100, turn)).any()
        partly = cut(frame, Window(0, 0, 40, turn))
        assert partly[-20:, -20:].min() == 255
        assert not partly[:60, :60].any()
    assert cut(frame, Window(20, 20, 0.1)).shape == (256, 256, 3)


def test_the_square_turns_and_grows_with_the_landmarks():
    points = plain_landmarks(200).astype(np.float64)
    level = window_of_landmarks(points)
    turn, scale = math.radians(30), 1.5
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    other = window_of_landmarks(points @ linear.T + (40, -25))
    assert other.turn - level.turn == pytest.approx(turn)
    assert (other.side, other.step) == (pytest.approx(scale * level.side), pytest.approx(scale * level.step))
    np.testing.assert_allclose([other.x, other.y], linear @ [level.x, level.y] + (40, -25))


def test_the_square_of_landmarks_is_the_one_that_training_had():
    """Its side is (w + h) / 195 * 200 of the landmarks' box, its middle 0.12 h higher than that box's."""
    points = plain_landmarks(200).astype(np.float64)
    points[:, 0] += 200 - (points[:, 0].min() + points[:, 0].max()) / 2  # symmetric about a column: not turned
    window = window_of_landmarks(points)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    assert window.turn == pytest.approx(0, abs=0.01)
    assert window.side == pytest.approx((x1 - x0 + y1 - y0) * 200 / 195, rel=0.01)
    np.testing.assert_allclose([window.x, window.y], [(x0 + x1) / 2, (y0 + y1) / 2 - 0.12 * (y1 - y0)], atol=1)
    np.testing.assert_allclose(box_of_landmarks(points), [x0, y0 - 0.24 * (y1 - y0), x1, y1], rtol=1e-6)


def test_landmarks_in_one_point_have_no_square():
    points = np.full((68, 2), 7.0)
    assert window_of_landmarks(points) is None
    x0, y0, x1, y1 = box_of_landmarks(points)
    assert x0 < x1
    assert y0 < y1


def test_samples_lie_a_step_along_each_diagonal():
    window = Window(10, 20, 100, turn=math.pi / 2, step=2.0)
    assert samples_of(window, 1) == [window]
    first, *moved = samples_of(window, 5)
    assert first is window
    np.testing.assert_allclose(
        [(other.x - 10, other.y - 20) for other in moved], [(2, -2), (2, 2), (-2, 2), (-2, -2)], atol=1e-9
    )
    assert np.mean([other.x for other in moved]) == pytest.approx(10)
