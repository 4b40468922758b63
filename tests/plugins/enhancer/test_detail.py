"""Does a swap get the target's fine detail where it fits, and none of the target's own edges?"""

import cv2
import numpy as np
import pytest

from understudy_plugins.enhancer.detail import DetailConfig
from understudy_plugins.enhancer.detail.enhancer import DetailEnhancer
from understudy_sdk import Crop, Swap
from understudy_sdk.testing.values import plain_crop
from understudy_sdk.warp import resize_square

SIDE, MODEL = 256, 64


def crop_of(picture):
    base = plain_crop(size=SIDE)
    return Crop(np.rint(picture * 255).astype(np.uint8), base.frame_to_crop, base.face_type, base.landmarks)


def textured(fineness=1.2, strength=0.03, seed=1):
    """Draw shaded skin with pores, float32 (SIDE, SIDE, 3)."""
    random = np.random.default_rng(seed)
    pores = cv2.GaussianBlur(random.normal(size=(SIDE, SIDE)).astype(np.float32), (0, 0), fineness)
    shade = np.linspace(0.4, 0.6, SIDE, dtype=np.float32)[:, None] + strength * pores / pores.std()
    return np.clip(shade[..., None] * np.float32([1.0, 0.85, 0.75]), 0, 1)


def fine(picture):
    """Return the strength of what is finer than the model's pixels, in its middle."""
    grey = picture.mean(axis=-1)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 2.4))[32:-32, 32:-32].std())


def enhanced(swap, picture, **settings):
    return DetailEnhancer(DetailConfig(size=SIDE, **settings)).enhance([Swap(swap)], [crop_of(picture)])[0].rgb


def test_a_smooth_swap_gets_the_targets_pores():
    target = textured()
    swap = resize_square(target, MODEL, interpolation="cubic").clip(0, 1)
    blurred = resize_square(swap, SIDE, interpolation="cubic")
    assert fine(blurred) < 0.55 * fine(target)
    assert fine(enhanced(swap, target)) == pytest.approx(fine(target), rel=0.15)
    half, none = enhanced(swap, target, amount=0.5), enhanced(swap, target, amount=0, sharpen_most=1)
    assert fine(blurred) < fine(half) < fine(enhanced(swap, target))
    np.testing.assert_allclose(none, blurred.clip(0, 1), atol=1e-6)


def test_an_edge_of_the_target_does_not_come_through():
    target = textured(strength=0.004)
    target[:, 120:136] *= 0.3  # a dark stripe that the swap has not
    swap = resize_square(textured(strength=0.004, seed=2), MODEL, interpolation="cubic").clip(0, 1)
    plain = resize_square(swap, SIDE, interpolation="cubic")
    change = np.abs(enhanced(swap, target, sharpen_most=1) - plain).mean(axis=-1)
    stripe = np.abs(np.diff(target.mean(axis=-1), axis=1)).max()
    assert change[32:-32, 112:144].max() < 0.06 * stripe


def test_the_drawn_band_is_made_as_strong_as_the_targets_and_no_stronger_than_asked():
    target = textured(fineness=4.0, strength=0.05)
    swap = 0.5 + (resize_square(target, MODEL, interpolation="cubic").clip(0, 1) - 0.5) * np.float32(0.4)

    def band(picture):
        grey = picture.mean(axis=-1)
        return float((grey - cv2.GaussianBlur(grey, (0, 0), 7.2))[32:-32, 32:-32].std())

    plain, free, held = (band(enhanced(swap, target, amount=0, sharpen_most=most)) for most in (1.0, 4.0, 1.5))
    assert 1.2 < held / plain < 1.5
    assert free > 1.2 * held
    assert free < 1.2 * band(target)


def test_colours_stay_the_swaps():
    target = textured()[..., ::-1].copy()  # blue skin
    swap = resize_square(textured(seed=3), MODEL, interpolation="cubic").clip(0, 1)
    change = enhanced(swap, target) - resize_square(swap, SIDE, interpolation="cubic").clip(0, 1)
    np.testing.assert_allclose(change[..., 0], change[..., 2], atol=1e-5)
    assert np.abs(change).max() > 0.01
