"""Does the face land where it should, larger, shifted and turned as asked, without shifts of part of a pixel?"""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_sdk import Crop, FaceType, Region
from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.placement import placed_mask, placed_picture
from understudy_sdk.placement_config import PlacementConfig
from understudy_sdk.testing.values import plain_crop


def placed_at(x, y, scale=1.0, size=64):
    affine = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]]) / scale
    rgb = np.zeros((size, size, 3), np.uint8)
    return Crop(rgb, affine, FaceType.FULL, plain_crop(size=size).landmarks)


def dot(x, y, size=64, sigma=2.0):
    row, column = np.mgrid[0:size, 0:size]
    bump = np.exp(-(np.square(column - x) + np.square(row - y)) / (2 * sigma**2)).astype(np.float32)
    return np.repeat(bump[..., None], 3, axis=2)


def centre(picture):
    weight = picture[..., 0] if picture.ndim == 3 else picture
    row, column = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]]
    total = weight.sum()
    return np.array([(column * weight).sum() / total, (row * weight).sum() / total])


REGION = Region(np.zeros((140, 150, 3), np.float32), 0, 0)


@pytest.mark.parametrize("scale", [0.37, 1.0, 1.61])
@pytest.mark.parametrize("shift", [0.0, 0.13, 0.5, 0.77])
def test_a_point_lands_to_a_small_part_of_a_pixel(shift, scale):
    crop = placed_at(30 + shift, 20.25 + shift, scale)
    expected = np.array([30 + shift, 20.25 + shift]) + scale * np.array([24.0, 30.0])
    spot = dot(24, 30, sigma=4.0)
    np.testing.assert_allclose(centre(placed_picture(PlacementConfig(), crop, REGION, spot)), expected, atol=0.05)
    mask = placed_mask(PlacementConfig(), crop, REGION, spot[..., 0])
    np.testing.assert_allclose(centre(mask), expected, atol=0.05)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"face_scale_percent": 50}, (-12.0, 6.0)),
        ({"face_scale_percent": -25}, (-6.0, 3.0)),
        ({"shift_x_percent": 10}, (-8.0 + 6.4, 4.0)),
        ({"shift_y_percent": -25}, (-8.0, 4.0 - 16.0)),
        ({"rotate_deg": 90}, (-4.0, -8.0)),
        ({"rotate_deg": 90, "shift_x_percent": 10, "face_scale_percent": 100}, (-8.0 + 6.4, -16.0)),
    ],
    ids=str,
)
def test_trims_turn_about_the_crops_middle(settings, expected):
    """Above 0 the face grows, goes right and down, and turns clockwise; the crop's middle lies at 72, 62."""
    crop = placed_at(40, 30)
    placed = placed_picture(PlacementConfig(**settings), crop, REGION, dot(24, 36))
    np.testing.assert_allclose(centre(placed) - (72, 62), expected, atol=0.05)


def test_a_trim_goes_with_the_crops_axes():
    turn = np.radians(30)
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    to_frame = np.column_stack([linear, (60.0, 20.0)])
    crop = Crop(np.zeros((64, 64, 3), np.uint8), invert(to_frame), FaceType.FULL, plain_crop().landmarks)
    placed = placed_picture(PlacementConfig(shift_x_percent=20), crop, REGION, dot(30, 32))
    np.testing.assert_allclose(centre(placed), transform_points(to_frame, np.array([(42.8, 32.0)]))[0], atol=0.05)


@pytest.mark.parametrize(
    ("settings", "reach"),
    [({}, 1.0), ({"face_scale_percent": -30}, 1.0), ({"face_scale_percent": 30}, 1.3), ({"shift_y_percent": -10}, 1.2)],
    ids=str,
)
def test_reach_covers_the_moved_square(settings, reach):
    assert PlacementConfig(**settings).reach == pytest.approx(reach)


def zone_plate(size):
    """Return rings that get finer outwards, up to one period in three pixels at the middle of the border."""
    row, column = np.mgrid[0:size, 0:size] - (size - 1) / 2
    wave = 0.5 + 0.5 * np.cos(np.pi / 3 * (np.square(row) + np.square(column)) / size * 2)
    return np.repeat(wave.astype(np.float32)[..., None], 3, axis=2)


def contrast(picture):
    return float(picture[..., 0].std())


def test_detail_that_the_frame_cannot_show_turns_grey_and_not_into_rings():
    plate, crop = zone_plate(256), placed_at(10, 10, 0.25, 256)  # at a quarter of its size
    region = Region(np.zeros((90, 90, 3), np.float32), 0, 0)
    outer = np.s_[12:18, 12:72]  # finer than the result's pixels
    smooth = placed_picture(PlacementConfig(), crop, region, plate)
    sampled = placed_picture(PlacementConfig(paste_filter="cubic"), crop, region, plate)
    assert contrast(smooth[outer]) < 0.08
    assert contrast(sampled[outer]) > 0.2
    inner = np.s_[38:46, 38:46]  # coarse rings stay
    assert contrast(smooth[inner]) > 0.75 * contrast(sampled[inner])


def test_enlarging_keeps_contrast_and_adds_none():
    column = np.mgrid[0:128, 0:128][1]
    wave = (0.5 + 0.5 * np.sin(2 * np.pi * column / 5)).astype(np.float32)
    region = Region(np.zeros((300, 300, 3), np.float32), 0, 0)
    placed = placed_picture(PlacementConfig(), placed_at(5, 5, 2.2, 128), region, np.repeat(wave[..., None], 3, axis=2))
    middle = placed[100:200, 60:240, 0]
    exact = 0.5 + 0.5 * np.sin(2 * np.pi * ((np.arange(60, 240) - 5) / 2.2) / 5)
    assert np.abs(middle - exact).max() < 0.12
    assert middle.std() == pytest.approx(exact.std(), rel=0.05)


@pytest.mark.parametrize(
    "settings", [{"face_scale_percent": -80}, {"shift_x_percent": 51}, {"paste_filter": "nearest"}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        PlacementConfig(**settings)
