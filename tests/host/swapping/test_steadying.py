"""Does steadying take flicker away and leave the expression, the detail and the light as they are?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from understudy.swapping import Neighbour, Window, steadied_swap
from understudy.swapping.flow import FlowFinder
from understudy_sdk import Swap

MOTIONS = {}
"""Between crops of the film and of its variants, which several tests look at."""


def motion(here, there):
    key = here.tobytes(), there.tobytes()
    if key not in MOTIONS:
        MOTIONS[key], MOTIONS[key[::-1]] = FlowFinder().between(here, there)
    return MOTIONS[key]


def steadied(predicted, crops, strength=1.0):
    window, done = Window(range(len(crops)), Fraction(1, 30), strength), []
    for here, picture in enumerate(predicted):
        first, stop = window.around(here)
        near = [
            Neighbour(Swap(predicted[other]), motion(crops[here], crops[other]), window.weight(here, other))
            for other in range(first, stop)
            if other != here
        ]
        done.append(steadied_swap(Swap(picture), near).rgb)
    return np.stack(done)


@pytest.fixture(scope="module")
def calmed(film):
    return steadied(film.predicted, film.crops)


def errors(pictures, truth):
    return np.sqrt(np.square(pictures - truth).mean(axis=(1, 2, 3)))


def test_it_comes_nearer_the_truth_in_every_frame(film, calmed):
    before, after = errors(film.predicted, film.truth), errors(calmed, film.truth)
    assert (after < before).all()
    assert 20 * np.log10(before.mean() / after.mean()) > 3.0  # dB


def test_the_eyes_are_nowhere_further_from_the_truth_while_they_blink(film, calmed):
    rows, columns = film.eyes
    before = errors(film.predicted[:, rows, columns], film.truth[:, rows, columns])
    after = errors(calmed[:, rows, columns], film.truth[:, rows, columns])
    blink = list(range(min(film.lids) - 2, max(film.lids) + 3))
    assert (after[blink] < before[blink]).all()


def test_a_blink_keeps_its_depth(film):
    """Of predictions without flicker, so that nothing but the blink counts."""
    rows, columns = film.eyes
    calm = steadied(film.truth, film.crops)
    open_eyes, shut = film.truth[6, rows, columns], film.truth[10, rows, columns]
    across = (shut - open_eyes) / np.square(shut - open_eyes).sum()
    depth = [float(((picture[rows, columns] - open_eyes) * across).sum()) for picture in calm]
    true = [float(((picture[rows, columns] - open_eyes) * across).sum()) for picture in film.truth]
    assert max(true) == pytest.approx(1.0, abs=0.1)
    assert max(depth) >= 0.95 * max(true)
    assert depth[9] == pytest.approx(true[9], abs=0.05)  # half shut stays half shut


def test_detail_stays_as_sharp(film):
    calm = steadied(film.truth, film.crops)
    energy = lambda pictures: np.square(np.diff(pictures, axis=2)).sum(axis=(1, 2, 3))  # noqa: E731
    assert (energy(calm) > 0.95 * energy(film.truth)).all()


def test_light_that_changes_on_the_target_changes_on_the_swap(film):
    """A lamp goes on in the middle: neighbours across it are not mixed in."""
    lamp = np.where(np.arange(len(film.crops)) < 5, 1.0, 0.6)[:, None, None, None].astype(np.float32)
    crops = np.rint(film.crops * lamp).astype(np.uint8)
    calm = steadied(film.truth * lamp, crops)
    levels = calm.mean(axis=(1, 2, 3))
    expected = (film.truth * lamp).mean(axis=(1, 2, 3))
    assert np.abs(levels - expected).max() < 0.01 * expected[0]


def test_more_strength_calms_more(film, calmed):
    trembles = lambda pictures: float(np.abs(np.diff(pictures.mean(axis=(1, 2)), n=2, axis=0)).mean())  # noqa: E731
    some = steadied(film.predicted, film.crops, strength=0.3)
    assert trembles(calmed) < trembles(some) < trembles(film.predicted)
    assert trembles(calmed) < 0.5 * trembles(film.predicted)


def test_a_swap_without_neighbours_is_handed_on_as_it_is(film):
    alone = Swap(film.predicted[0])
    assert steadied_swap(alone, []) is alone


def test_masks_are_steadied_too_and_keep_their_range(film):
    random = np.random.default_rng(0)
    masks = [np.clip(random.normal(0.5, 0.2) + np.zeros((48, 48), np.float32), 0, 1) for _ in range(3)]
    swaps = [Swap(film.truth[5], source_mask=np.float32(mask)) for mask in masks]
    still = motion(film.crops[5], film.crops[5])
    done = steadied_swap(swaps[0], [Neighbour(swap, still, 1.0) for swap in swaps[1:]])
    assert done.source_mask == pytest.approx(np.mean(masks, axis=0), abs=1e-3)
    assert done.target_mask is None
    assert done.rgb == pytest.approx(film.truth[5], abs=1e-3)


def test_flow_finds_where_a_shifted_face_went_and_trusts_it(film):
    here = film.crops[5]
    there = np.roll(here, (2, 3), axis=(0, 1))
    forth, back = FlowFinder().between(here, there)
    inside = (slice(24, 72), slice(24, 72))
    assert np.median(forth.flow[inside], axis=(0, 1)) == pytest.approx([3, 2], abs=0.3)
    assert np.median(back.flow[inside], axis=(0, 1)) == pytest.approx([-3, -2], abs=0.3)
    assert np.median(forth.trust[inside]) > 0.8


@pytest.mark.parametrize("side", [16, 48, 300])
def test_crops_of_any_size_are_compared(side):
    random = np.random.default_rng(0)
    crop = np.repeat(np.repeat(random.integers(0, 255, (8, 8, 3), np.uint8), 38, 0), 38, 1)[:side, :side]
    forth, _ = FlowFinder().between(np.ascontiguousarray(crop), np.ascontiguousarray(crop))
    picture = random.random((side, side, 3)).astype(np.float32)
    assert forth.bring(picture) == pytest.approx(picture, abs=0.02)
