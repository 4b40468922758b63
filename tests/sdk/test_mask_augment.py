"""Do the filters do what DeepFaceLab's do, and does chance choose among them as it says?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.mask_augment import (
    Levels,
    adjust_levels,
    compress,
    draw_faded_circle,
    draw_recoloring,
    draw_wear,
    faded_circle,
    flare,
    gaussian_blur,
    motion_blur,
    paste_behind,
    sharpen,
    shift_hsv,
    shrink,
    within,
)


@pytest.fixture(scope="module")
def reference(golden):
    """The reference's pictures in RGB."""
    with np.load(golden / "xseg" / "filters.npz") as arrays:
        return {name: np.ascontiguousarray(arrays[name][..., ::-1]) for name in arrays}


@pytest.fixture(scope="module")
def picture(reference):
    return reference["in_img"]


@pytest.mark.parametrize(("mode", "kind"), [(1, "box"), (2, "gaussian")])
@pytest.mark.parametrize("kernel", [3, 4, 7])
@pytest.mark.parametrize("amount", [5, 60])
def test_sharpening_equals_the_reference(reference, picture, mode, kind, kernel, amount):
    wanted = reference[f"blursharpen_mode{mode}_k{kernel}_amount{amount}"]
    np.testing.assert_allclose(sharpen(picture, kernel, amount, kind), wanted, rtol=0, atol=1e-5 * amount)


@pytest.mark.parametrize(("kernel", "angle"), [(3, 0), (7, 30), (11, 135)])
def test_motion_blur_equals_the_reference(reference, picture, kernel, angle):
    found = motion_blur(picture, kernel, angle)
    np.testing.assert_allclose(found, reference[f"motion_blur_k{kernel}_angle{angle}"], rtol=0, atol=0.005)


def test_what_the_reference_drew_gives_its_pictures(reference, picture):
    """The parameters are those with which the reference's own draws are met."""
    for found, name in (
        (sharpen(picture, 5, 9, "box"), "sharpen_seed1"),
        (gaussian_blur(picture, 7), "gaussian_blur_seed1"),
        (gaussian_blur(picture, 15), "gaussian_blur_seed2"),
        (shrink(picture, 14, "nearest"), "nearest_resize_seed1"),
        (shrink(picture, 29, "nearest"), "nearest_resize_seed2"),
        (shrink(picture, 14, "bilinear"), "bilinear_resize_seed1"),
        (shrink(picture, 29, "bilinear"), "bilinear_resize_seed2"),
        (compress(picture, 22), "jpeg_compress_seed1"),
    ):
        np.testing.assert_allclose(found, reference[name], rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("seed", [1, 2])
def test_tones_and_hues_equal_the_reference(reference, picture, seed):
    # drawn in BGR there
    drawn = np.random.RandomState(seed).random_sample((5, 3)).astype(np.float32)[:, ::-1]
    levels = Levels(drawn[0] / 4, 1 - drawn[1] / 4, 0.5 + drawn[2], drawn[3] / 4, 1 - drawn[4] / 4)
    np.testing.assert_allclose(adjust_levels(picture, levels), reference[f"rgb_levels_seed{seed}"], rtol=0, atol=1e-5)
    random = np.random.RandomState(seed)
    hue, saturation, value = random.randint(360), random.random_sample() - 0.5, random.random_sample() - 0.5
    found = shift_hsv(picture, hue, saturation, value)
    np.testing.assert_allclose(found, reference[f"hsv_shift_seed{seed}"], rtol=0, atol=1e-5)


def test_a_faded_circle_falls_off_evenly():
    circle = faded_circle(33, (16, 16), 4, 8)
    assert circle.dtype == np.float32
    np.testing.assert_allclose(circle[16, 16:], np.clip(1 - (np.arange(17) - 4) / 8, 0, 1), atol=1e-6)
    assert faded_circle(9, (4, 4), 2, 0)[4].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_a_filter_within_a_mask_leaves_the_rest(picture):
    mask = np.zeros((32, 32), np.float32)
    mask[:16] = 1
    changed = within(lambda rgb: 1 - rgb, mask)(picture)
    np.testing.assert_array_equal(changed[16:], picture[16:])
    np.testing.assert_allclose(changed[:16], 1 - picture[:16], atol=1e-6)


def test_other_surroundings_come_where_no_face_is():
    picture, other = np.full((2, 2, 3), 0.5, np.float32), np.full((2, 2, 3), 0.9, np.float32)
    mask = np.array([[1, 1], [0, 0]], np.float32)
    other_mask = np.array([[0, 1], [0, 1]], np.float32)
    pasted = paste_behind(picture, mask, other, other_mask, 0.25)
    np.testing.assert_allclose(pasted[..., 0], [[0.5, 0.5], [0.25 * 0.5 + 0.75 * 0.9, 0.5]], atol=1e-6)


def test_a_flare_brightens_around_what_shines():
    picture, where = np.full((33, 33, 3), 0.6, np.float32), np.zeros((33, 33), np.float32)
    where[:, :16] = 1
    shining = flare(picture, where, 9)
    assert shining.max() == 1
    np.testing.assert_allclose(shining[:, 0], 1)
    np.testing.assert_allclose(shining[:, -1], 0.6, atol=1e-6)


def test_chance_is_that_of_the_generator_alone(picture):
    def varied(seed):
        random = np.random.default_rng(seed)
        changed = draw_recoloring(random)(picture)
        for change in draw_wear(random, 32):
            changed = change(changed)
        return changed, draw_faded_circle(random, 32)

    for one, again, other in zip(varied(3), varied(3), varied(4), strict=True):
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)
        assert one.dtype == np.float32


def test_each_kind_of_wear_comes_once_in_four(picture):
    random = np.random.default_rng(0)
    counts = [len(draw_wear(random, 32)) for _ in range(2000)]
    # one or two kinds of blur, shrinking and compression, a quarter of the time each
    assert np.mean(counts) == pytest.approx(0.25 * 3.5, abs=0.07)
    assert max(counts) == 4
