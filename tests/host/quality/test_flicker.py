"""Is only what motion does not explain counted as flicker?"""

import numpy as np
import pytest

from understudy.quality.flicker import flicker


@pytest.fixture
def moved(portrait):
    """Give the portrait a frame later: two pixels further right."""
    return np.roll(portrait, 2, axis=1)


def test_a_face_that_only_moves_does_not_flicker(portrait, moved, middle):
    found = flicker((portrait, moved), (portrait, moved), middle)
    assert found.swap == found.target
    assert found.excess == 0.0
    unmoved = 255 * np.abs(portrait - moved)[24:72, 24:72].mean()
    assert found.target < 0.35 * unmoved


def test_a_swap_that_brightens_flickers_by_so_much(portrait, moved, middle):
    plain = np.full_like(portrait, 0.5)
    found = flicker((plain, plain + np.float32(0.04)), (portrait, moved), middle)
    assert found.swap == pytest.approx(0.04 * 255, abs=1e-3)
    assert found.excess == pytest.approx(found.swap - found.target)


def test_a_swap_that_stands_still_is_calmer_than_grainy_footage(portrait, middle):
    random = np.random.default_rng(1)
    grainy = [np.clip(portrait + random.normal(0, 0.03, portrait.shape), 0, 1).astype(np.float32) for _ in range(2)]
    plain = np.full_like(portrait, 0.5)
    assert flicker((plain, plain), (grainy[0], grainy[1]), middle).excess < -1.0


def test_under_an_empty_mask_nothing_flickers(portrait, moved):
    assert flicker((portrait, moved), (portrait, moved), np.zeros((96, 96), np.float32)).swap == 0.0
