"""Has a face the target's grain afterwards, as strong, as coarse, and by brightness?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_sdk.grain import add_grain, measure_grain

SIDE = 200
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE] / SIDE
FACE = (COLUMNS - 0.5) ** 2 + (ROWS - 0.5) ** 2 < 0.18
SMOOTH = np.stack([0.3 + 0.4 * COLUMNS, 0.3 + 0.3 * ROWS, 0.25 + 0.3 * COLUMNS * ROWS], axis=-1).astype(np.float32)


def noise(coarseness_px, seed=5):
    """Return noise of spread 1, mostly alike in all channels."""
    generator = np.random.default_rng(seed)
    drawn = generator.standard_normal((SIDE, SIDE, 1)) + 0.3 * generator.standard_normal((SIDE, SIDE, 3))
    drawn = drawn.astype(np.float32)
    drawn = cv2.GaussianBlur(drawn, (0, 0), coarseness_px) if coarseness_px else drawn
    return drawn / drawn.std()


def coded(picture, bits):
    top = (1 << bits) - 1
    return (np.rint(picture * top) / top).astype(np.float32)


def spread(grain):
    return grain[FACE].std(axis=0)


def likeness(grain):
    both = FACE[:-1] & FACE[1:]
    return np.corrcoef(grain[:-1][both].ravel(), grain[1:][both].ravel())[0, 1]


@pytest.mark.parametrize(
    ("bits", "sigma", "coarseness_px"),
    [(8, 3 / 255, 0.0), (8, 3 / 255, 0.8), (8, 1 / 255, 0.6), (8, 6 / 255, 1.2), (10, 1.5 / 1023, 0.6)],
)
def test_grain_is_as_strong_and_as_coarse_as_the_targets(bits, sigma, coarseness_px):
    target = coded(SMOOTH + sigma * noise(coarseness_px), bits)
    face = SMOOTH + np.float32(0.02)
    grain = measure_grain(target, FACE)
    made = add_grain(face, grain, FACE, 1.0, (7,)) - face
    np.testing.assert_allclose(spread(made), spread(target - SMOOTH), rtol=0.15)
    assert likeness(made) == pytest.approx(likeness(target - SMOOTH), abs=0.1)


def test_a_face_with_grain_of_its_own_gets_what_it_lacks():
    target = coded(SMOOTH + 4 / 255 * noise(0.6), 8)
    face = SMOOTH + np.float32(3 / 255) * noise(0.6, seed=9)
    grained = add_grain(face, measure_grain(target, FACE), FACE, 1.0, (7,))
    np.testing.assert_allclose(spread(grained - SMOOTH), spread(target - SMOOTH), rtol=0.15)
    clean = measure_grain(SMOOTH, FACE)
    np.testing.assert_allclose(add_grain(face, clean, FACE, 1.0, (7,)), face, atol=1e-3)


def test_grain_follows_brightness():
    level = np.broadcast_to(0.2 + 0.6 * COLUMNS[..., None], (SIDE, SIDE, 3)).astype(np.float32)
    target = level + noise(0.6) * (0.002 + 0.02 * COLUMNS[..., None]).astype(np.float32)
    made = add_grain(level, measure_grain(target, FACE), FACE, 1.0, (7,)) - level
    dark, bright = (made[FACE & where].std() for where in (COLUMNS < 0.3, COLUMNS > 0.7))
    assert bright > 1.8 * dark


def test_the_same_seed_gives_the_same_grain_and_another_frame_another():
    grain = measure_grain(coded(SMOOTH + 3 / 255 * noise(0.6), 8), FACE)
    first, again, other = (add_grain(SMOOTH, grain, FACE, 1.0, (seed, 1)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef((first - SMOOTH)[FACE].ravel(), (other - SMOOTH)[FACE].ravel())[0, 1]) < 0.05
    half = add_grain(SMOOTH, grain, FACE, 0.5, (4, 1))
    np.testing.assert_allclose(half - SMOOTH, (first - SMOOTH) / 2, atol=1e-5)


def test_too_few_places_tell_nothing():
    few = np.zeros((SIDE, SIDE), bool)
    few[:20, :20] = True
    assert measure_grain(SMOOTH, few) is None
