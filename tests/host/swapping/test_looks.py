"""Do colours that a swap takes over stay steady, and follow the light without lag?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.swapping.looks import glance, steady_look
from understudy_sdk import ColorMove, Crop, FaceType, Mask, Swap
from understudy_sdk.color_transfer import move_colors, recolored
from understudy_sdk.texture_config import TextureConfig

SIDE, FRAMES = 96, 15
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE] / SIDE
OVAL = (((COLUMNS - 0.5) / 0.38) ** 2 + ((ROWS - 0.5) / 0.45) ** 2 < 1).astype(np.float32)
HAND = ((COLUMNS - 0.7) ** 2 + (ROWS - 0.75) ** 2 < 0.02)[..., None]
MOUTH = ((COLUMNS - 0.5) ** 2 + ((ROWS - 0.72) * 2) ** 2 < 0.015)[..., None]
SKIN = (OVAL > 0) & ~HAND[..., 0] & ~MOUTH[..., 0]
OTHER_COLORS = ColorMove(np.array([0.85, 0.9, 1.1], np.float32), np.array([8.0, 3.0, -4.0], np.float32))


def face():
    """Draw a face of smooth shades."""
    drawn = np.random.default_rng(1).random((6, 6, 3)).astype(np.float32) * 0.2
    drawn = cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    skin = np.stack([0.55 + 0.15 * COLUMNS, 0.42 + 0.12 * COLUMNS, 0.34 + 0.1 * ROWS], axis=-1)
    return np.clip(skin + drawn, 0, 1).astype(np.float32)


def seen(target, swap):
    rgb = np.rint(np.clip(target, 0, 1) * 255).astype(np.uint8)
    crop = Crop(rgb, np.eye(2, 3), FaceType.WHOLE_FACE, np.zeros((68, 2), np.float32))
    return glance(crop, Swap(np.clip(swap, 0, 1).astype(np.float32)), Mask(OVAL))


def results(targets, swaps, strength=1.0):
    """Return each frame's swap in its target's colours, steadied by three frames on either side."""
    glances = [seen(*pair) for pair in zip(targets, swaps, strict=True)]
    done = []
    for here in range(len(targets)):
        around = range(max(0, here - 3), min(len(targets), here + 4))
        near = [(glances[other], strength) for other in around if other != here] if strength else []
        look = steady_look(glances[here], near)
        done.append(
            recolored(
                TextureConfig(), swaps[here].astype(np.float32), targets[here].astype(np.float32), OVAL, look=look
            )
        )
    return done


def skin_colors(pictures):
    return np.array([255 * picture[SKIN].mean(axis=0) for picture in pictures])


def trembling(pictures):
    return np.sqrt(np.square(np.diff(skin_colors(pictures), axis=0)).mean())


def test_without_neighbours_nothing_is_done():
    assert steady_look(seen(face(), face()), []) is None


def test_what_is_steady_is_left_alone():
    one = seen(face(), move_colors(face(), OTHER_COLORS))
    look = steady_look(one, [(one, 1.0)] * 6)
    np.testing.assert_allclose(look.gain, 1, atol=1e-4)
    np.testing.assert_allclose(look.offset, 0, atol=1e-2)


@pytest.mark.parametrize("side", ["target", "swap"])
def test_what_only_one_side_shows_now_and_then_does_not_pump(side):
    """A hand passes before the target's face, or the model's mouth is open."""
    swap = move_colors(face(), OTHER_COLORS)
    often = np.random.default_rng(0).random(FRAMES) < 0.5
    targets = [np.where(HAND & (side == "target") & now, 0.1, face()) for now in often]
    swaps = [np.where(MOUTH & (side == "swap") & now, 0.1, swap) for now in often]
    plain, steady = results(targets, swaps, 0.0), results(targets, swaps)
    assert trembling(plain) > 1.5
    assert trembling(steady) < 0.4 * trembling(plain)


def test_a_swap_that_pumps_is_calmed_as_well_as_without():
    swap, random = move_colors(face(), OTHER_COLORS), np.random.default_rng(0)
    swaps = [swap * (1 + 0.04 * random.standard_normal(3)) for _ in range(FRAMES)]
    steady = results([face()] * FRAMES, swaps)
    assert trembling(swaps) > 5.0
    assert trembling(steady) < 0.12 * trembling(swaps)


def test_light_that_changes_is_followed_at_once():
    targets = [face() * (0.7 if number < 7 else 1.0) for number in range(FRAMES)]
    swap = move_colors(face(), OTHER_COLORS)
    wanted, found = skin_colors(targets), skin_colors(results(targets, [swap] * FRAMES))
    assert np.abs(wanted[7] - wanted[6]).min() > 20
    np.testing.assert_allclose(found, wanted, atol=2.5)


def test_a_frame_is_steadied_by_as_much_as_asked():
    swap = move_colors(face(), OTHER_COLORS)
    targets = [np.where(HAND & (number % 2 == 0), 0.1, face()) for number in range(FRAMES)]
    amounts = [trembling(results(targets, [swap] * FRAMES, strength)) for strength in (0.0, 0.2, 1.0)]
    assert amounts[0] > amounts[1] > amounts[2]


def test_masks_that_show_nothing_say_nothing():
    one = seen(face(), face())
    hidden = type(one)(one.target, one.swap, np.zeros_like(one.weights))
    assert steady_look(hidden, [(one, 1.0)]) is None
    look = steady_look(one, [(hidden, 1.0)])
    np.testing.assert_allclose(look.gain, 1, atol=1e-4)
