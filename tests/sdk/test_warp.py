"""Do pictures land where the geometry says, without aliasing?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.warp import resize_square, warp_bilinear, warp_mask, warp_picture


def scaling(factor: float, x: float = 0.0, y: float = 0.0):
    return np.array([[factor, 0.0, x], [0.0, factor, y]])


def ramp(width: int, height: int):
    """A picture whose red is its column and whose green is its row: it tells where each pixel came from."""
    row, column = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([column, row, np.zeros_like(row)], axis=-1)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("scale", [0.05, 0.1, 0.3, 0.45, 0.6, 0.9, 1.0, 2.5])
def test_every_pixel_comes_from_where_the_affine_says(scale, interpolation):
    angle = 0.3
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = max(8, round(300 * scale))
    affine = np.column_stack([rotation, (size / 2, size / 2) - rotation @ (400.0, 300.0)])
    moved = warp_picture(ramp(800, 600), affine, size, interpolation=interpolation)
    row, column = np.mgrid[0:size, 0:size]
    expected = transform_points(invert(affine), np.stack([column, row], axis=-1).reshape(-1, 2))
    # OpenCV rounds positions to 1/32 px of its input, which may itself be shrunk
    np.testing.assert_allclose(moved.reshape(-1, 3)[:, :2], expected, atol=0.05 * max(1.0, 1.0 / scale))


def test_bytes_stay_bytes_and_identity_changes_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    moved = warp_picture(picture, scaling(1.0), (30, 20))
    assert moved.dtype == np.uint8
    np.testing.assert_array_equal(moved, picture)


@pytest.mark.parametrize("scale", [0.4, 0.26, 0.11])
def test_stripes_finer_than_the_result_turn_grey(scale):
    stripes = np.zeros((400, 400, 3), np.float32)
    stripes[:, ::2] = 1.0
    size = int(400 * scale) - 8
    moved = warp_picture(stripes, scaling(scale, -4.0, -4.0), size)
    assert np.abs(moved - 0.5).max() < 0.1  # single samples would reach 0.5


def test_shrinking_keeps_brightness_up_to_the_edge():
    flat = np.full((301, 203, 3), 0.7, np.float32)
    np.testing.assert_allclose(warp_picture(flat, scaling(0.07), (20, 25)), 0.7, atol=1e-5)


@pytest.mark.parametrize("scale", [0.05, 0.4, 1.0, 3.0])
def test_beyond_the_picture_lies_its_edge_or_black(scale):
    white = np.ones((60, 60), np.float32)
    aside = scaling(scale, 100.0 * scale + 50.0)  # all of it lies to the right of the result
    np.testing.assert_allclose(warp_picture(white, aside, 16), 1.0, atol=1e-5)
    assert warp_picture(white, aside, 16, border="black").max() == 0.0
    assert warp_mask(white, aside, 16).max() == 0.0
    np.testing.assert_allclose(warp_mask(white, aside, 16, border="edge"), 1.0, atol=1e-5)


def test_masks_stay_between_0_and_1():
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1.0
    moved = warp_mask(mask, scaling(2.3, 3.3, 1.7), (90, 80))
    assert moved.shape == (80, 90)
    assert moved.min() == 0.0
    assert moved.max() == 1.0


def test_resize_square_multiplies_coordinates():
    larger = resize_square(ramp(32, 32), 64, interpolation="linear")
    np.testing.assert_allclose(larger[10, 10, :2], (5.0, 5.0), atol=0.05)
    same = ramp(32, 32)
    assert resize_square(same, 32) is same


def test_input_is_left_alone():
    picture = ramp(64, 64)
    picture.flags.writeable = False
    warp_picture(picture, scaling(0.2), 12)
    warp_picture(picture, scaling(1.5), 12)


def zone_plate(side=512):
    """Rings around the middle that grow finer outwards: at ``radius`` px, ``radius / side`` of them to a pixel."""
    row, column = np.mgrid[0:side, 0:side] - side / 2
    return 127.5 + 127.5 * np.cos(np.pi * (row**2 + column**2) / side)


def test_a_zone_plate_shrunk_to_a_quarter_aliases_only_where_samples_are_single():
    plate = zone_plate().astype(np.uint8)
    fine, exact = (
        np.abs(warp(plate, scaling(0.25), 128) - 127.5) / np.abs(zone_plate() - 127.5).mean()
        for warp in (warp_picture, warp_bilinear)
    )
    row, column = np.mgrid[0:128, 0:128] - 64
    radius = np.hypot(row, column) * 4
    # from a radius of 64 px on, a quarter of the size cannot show the rings
    for low, high, left in ((110, 150, 0.3), (150, 200, 0.22), (200, 250, 0.15)):
        ring = (radius >= low) & (radius < high)
        assert fine[ring].mean() < left
        assert exact[ring].mean() > 0.9
    shown = radius < 24
    assert fine[shown].mean() > 0.9


@pytest.mark.parametrize("scale", [0.25, 0.7, 1.0, 2.3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_exact_filter_is_bilinear_with_a_black_border(scale, dtype):
    """Against a plain computation of our own; OpenCV rounds positions to 1/32 px."""
    picture = np.random.default_rng(3).integers(0, 256, (40, 50, 3)).astype(dtype)
    turn = scale * np.array([[0.96, -0.28], [0.28, 0.96]])
    affine = np.column_stack([turn, (16.0, 16.0) - turn @ (30.0, 22.0)])
    size = (40, 32)
    row, column = np.mgrid[0 : size[1], 0 : size[0]]
    x, y = transform_points(invert(affine), np.stack([column, row], axis=-1).reshape(-1, 2)).T
    padded = np.pad(picture.astype(np.float64), ((1, 1), (1, 1), (0, 0)))

    def at(columns, rows):
        return padded[np.clip(rows + 1, 0, 41), np.clip(columns + 1, 0, 51)]

    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = (x - x0)[:, None], (y - y0)[:, None]
    upper, lower = (at(x0, y) * (1 - u) + at(x0 + 1, y) * u for y in (y0, y0 + 1))
    expected = (upper * (1 - v) + lower * v).reshape(size[1], size[0], 3)
    moved = warp_bilinear(picture, affine, size)
    assert moved.dtype == dtype
    np.testing.assert_allclose(moved, expected, atol=255 / 16)
    assert np.abs(moved - expected).mean() < 2.0


def test_the_exact_filter_is_opencvs_own():
    picture = np.random.default_rng(4).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    affine = np.array([[0.6, 0.1, 3.0], [-0.1, 0.6, 5.0]])
    expected = cv2.warpAffine(picture, affine, (48, 48), flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(warp_bilinear(picture, affine, 48), expected)
