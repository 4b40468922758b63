"""Are neighbours near in time, few, and the same whichever span is looked at?"""

from fractions import Fraction

import pytest

from understudy.predicting import BATCH_FRAMES
from understudy.swapping import Window


def window(rate: int, strength: float = 1.0, frames: int = 100) -> Window:
    return Window(range(frames), Fraction(1, rate), strength)


@pytest.mark.parametrize(("rate", "each_way"), [(60, 3), (30, 3), (24, 3), (15, 1), (5, 0)])
def test_neighbours_lie_within_an_eighth_of_a_second_and_are_three_at_most(rate, each_way):
    assert window(rate).around(50) == (50 - each_way, 51 + each_way)


def test_neighbours_end_where_the_clip_does():
    assert window(30).around(1) == (0, 5)
    assert window(30).around(98) == (95, 100)


def test_a_pause_between_frames_parts_them():
    paused = Window([0, 1, 2, 30, 31], Fraction(1, 30), 1.0)
    assert paused.around(2) == (0, 3)
    assert paused.around(3) == (3, 5)


def test_nearer_neighbours_weigh_more_and_strength_counts():
    near, far = window(30).weight(10, 11), window(30).weight(10, 13)
    assert 1 > near > far > 0.5
    assert window(30, 0.5).weight(10, 8) == pytest.approx(0.5 * window(30).weight(10, 12))


def test_a_span_is_widened_to_whole_batches_of_all_it_needs():
    first, stop = window(30).widened((40, 80))
    assert first <= 37
    assert stop >= 83
    assert first % BATCH_FRAMES == stop % BATCH_FRAMES == 0
    assert window(30).widened((0, 100)) == (0, 100)


def test_without_steadiness_there_are_no_neighbours_and_nothing_more_counts():
    still = window(30, 0.0)
    assert still.around(7) == (7, 8)
    assert still.widened((41, 79)) == (41, 79)
