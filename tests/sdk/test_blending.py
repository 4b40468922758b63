"""Does the face land on the face, in its colours, and does what is kept of the target stay where it is?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import Crop, FaceType, Mask, Region, Swap
from understudy_sdk.blend_config import BlendConfig
from understudy_sdk.blending import lay_face
from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.landmarks import MOUTH
from understudy_sdk.testing.values import CROP_OFFSET, plain_crop

MASK_SIZE = 256


def square_mask(inset: int, size: int = MASK_SIZE) -> Mask:
    values = np.zeros((size, size), np.float32)
    values[inset : size - inset, inset : size - inset] = 1.0
    return Mask(values)


def hard(**settings):
    return BlendConfig(mask_erode_px=0, mask_blur_px=0, **settings)


@pytest.mark.parametrize("swap_size", [40, 64, 200])
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_face_lands_on_the_face(scale, swap_size):
    """A dot drawn in the swap appears where the crop's affine says that it is in the frame."""
    angle = 0.4
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    crop_to_frame = np.column_stack([rotation, (40.0 + 32 * scale, 30.0)])
    crop = Crop(plain_crop().rgb, invert(crop_to_frame), FaceType.FULL, plain_crop().landmarks)
    row, column = np.mgrid[0:swap_size, 0:swap_size] * (64.0 / swap_size)
    dot = np.exp(-(np.square(column - 20.0) + np.square(row - 36.0)) / (2 * 3.0**2)).astype(np.float32)
    swap = Swap(np.stack([dot, dot, dot], axis=-1))
    region = Region(np.zeros((300, 320, 3), np.float32), x0=7, y0=5)
    layer = lay_face(hard(mask="full", color_transfer="none"), region, swap, crop, square_mask(0))
    weight = layer.rgb[..., 0] * layer.mask
    y, x = (float((index * weight).sum() / weight.sum()) for index in np.mgrid[0:300, 0:320])
    expected = transform_points(crop_to_frame, np.array([(20.0, 36.0)]))[0] - (7, 5)
    np.testing.assert_allclose((x, y), expected, atol=0.1 * max(1.0, scale))


def test_colours_come_from_the_face_it_covers():
    crop, swap = plain_crop(200), Swap(np.random.default_rng(1).uniform(0.0, 0.3, (64, 64, 3)).astype(np.float32))
    region = Region(np.zeros((80, 96, 3), np.float32), 0, 0)
    kept = lay_face(BlendConfig(color_transfer="none"), region, swap, crop, square_mask(40))
    moved = lay_face(BlendConfig(color_transfer="rct"), region, swap, crop, square_mask(40))
    shown = kept.mask > 0.9
    assert kept.rgb[shown].mean() == pytest.approx(0.15, abs=0.01)
    assert moved.rgb[shown].mean() == pytest.approx(200 / 255, abs=0.02)


def test_the_kept_mouth_stays_where_it_is_however_the_face_is_moved():
    crop, swap = plain_crop(), Swap(np.full((64, 64, 3), 0.5, np.float32))
    region = Region(np.zeros((90, 96, 3), np.float32), 0, 0)
    x, y = crop.landmarks[MOUTH].mean(axis=0) + np.array(CROP_OFFSET)
    for settings in ({}, {"face_scale_percent": 20.0, "shift_y_percent": 5.0}):
        config = hard(mask="full", color_transfer="none", keep_mouth=1.0, **settings)
        layer = lay_face(config, region, swap, crop, square_mask(0))
        assert layer.mask[round(float(y)), round(float(x))] < 0.02
        assert layer.mask[round(float(y)) - 12, round(float(x))] > 0.98
