"""Is a layer given the texture that the settings ask for, and nothing else?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from understudy_sdk import ClipPosition, ColorDescription, Layer, Region, Swap
from understudy_sdk.grain import measure_grain
from understudy_sdk.sharpening import median_passes
from understudy_sdk.testing.values import plain_crop
from understudy_sdk.texture import textured
from understudy_sdk.texture_config import TextureConfig

SIDE = 96
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
RANDOM = np.random.default_rng(3)
CROP = replace(plain_crop(size=64), motion_px=(12.0, 0.0), at=ClipPosition("clip", Fraction(1, 5), 5, 320, 240))
SWAP = Swap(np.zeros((64, 64, 3), np.float32))
MASK = np.clip(1.5 - np.hypot(ROWS - 48, COLUMNS - 48) / 32, 0, 1).astype(np.float32)
PICTURE = RANDOM.random((SIDE, SIDE, 3)).astype(np.float32)
FRAME = Region((0.5 + 0.02 * RANDOM.standard_normal((SIDE, SIDE, 3))).astype(np.float32), 4, 6)


def made(picture=PICTURE, region=FRAME, crop=CROP, **settings):
    layer = Layer(picture, MASK)
    return textured(TextureConfig(**settings), layer, region, crop, SWAP)


def test_nothing_asked_for_is_nothing_done():
    layer = Layer(PICTURE, MASK)
    assert textured(TextureConfig(), layer, FRAME, CROP, SWAP) is layer


EVERYTHING = [
    {"motion_blur": 50},
    {"sharpen": 2},
    {"sharpen": 2, "sharpen_kind": "box"},
    {"sharpen": -15},
    {"denoise": 100},
    {"bicubic_degrade": 50},
    {"denoise": 100, "degrade_what": "background"},
    {"color_degrade": 80},
]


@pytest.mark.parametrize("settings", EVERYTHING, ids=str)
def test_every_setting_changes_the_picture_and_never_the_mask_or_what_it_is_given(settings):
    before = PICTURE.copy(), FRAME.rgb.copy()
    layer = made(**settings)
    assert layer.mask is MASK
    assert layer.rgb.dtype == np.float32
    assert np.isfinite(layer.rgb).all()
    assert np.abs(layer.rgb - PICTURE)[(MASK > 0.1) & (MASK < 0.9)].mean() > 1e-3
    np.testing.assert_array_equal(PICTURE, before[0])
    np.testing.assert_array_equal(FRAME.rgb, before[1])
    np.testing.assert_array_equal(made(**settings).rgb, layer.rgb)


def test_motion_blur_is_as_long_as_its_share_of_the_way():
    line = np.zeros((SIDE, SIDE, 3), np.float32)
    line[:, 48] = 1.0
    profile = made(line, motion_blur=50).rgb[48, :, 0]  # half of 12 px
    x = np.arange(SIDE) - 48
    assert (profile * x**2).sum() == pytest.approx(6**2 / 12, abs=0.3)
    assert profile.sum() == pytest.approx(1)
    assert made(line, crop=replace(CROP, motion_px=None), motion_blur=50).rgb is line


def test_in_linear_light_what_is_bright_counts_more():
    line = np.zeros((SIDE, SIDE, 3), np.float32)
    line[:, 48] = 1.0
    plain, light = (made(line, motion_blur=50, linear_light=way).rgb[48, 48, 0] for way in (False, True))
    assert light > 1.5 * plain
    hlg = Region(FRAME.rgb, 0, 0, ColorDescription(transfer=18))
    np.testing.assert_array_equal(
        made(line, hlg, motion_blur=50, linear_light=True).rgb, made(line, hlg, motion_blur=50).rgb
    )


def test_a_worn_background_shines_through_the_soft_edge():
    layer = made(denoise=100, degrade_what="background")
    shown = layer.mask[..., None]
    laid = FRAME.rgb * (1 - shown) + layer.rgb * shown
    wanted = median_passes(FRAME.rgb, 100, 100) * (1 - shown) + PICTURE * shown
    inside = layer.mask > 1 / 255
    np.testing.assert_allclose(laid[inside], wanted[inside], atol=1e-5)
    np.testing.assert_array_equal(laid[layer.mask == 0], FRAME.rgb[layer.mask == 0])


def test_grain_is_the_frames_and_another_in_each_frame():
    smooth = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    grained = made(smooth, grain=1.0).rgb
    inside = MASK > 0.5
    np.testing.assert_allclose(
        measure_grain(grained, inside).sigmas.mean(axis=1),
        measure_grain(FRAME.rgb, inside).sigmas.mean(axis=1),
        rtol=0.15,
    )
    later = replace(CROP, at=replace(CROP.at, frame=6))
    apart = made(smooth, crop=later, grain=1.0).rgb - smooth
    assert abs(np.corrcoef(apart[inside].ravel(), (grained - smooth)[inside].ravel())[0, 1]) < 0.1
