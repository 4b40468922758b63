"""Which frames stick out, and what do frames measure on average?"""

from __future__ import annotations

import pytest

from understudy.gates import FaceFigures, FrameFigures, mean_figures, outliers_of


def frames(values, measure="color", swap=0, track=0):
    box = (0.0, 0.0, 9.0, 9.0)
    return [
        FrameFigures(number, 0, False, (FaceFigures(swap, track, f"{number}.png", box, **{measure: value}),))
        for number, value in enumerate(values)
    ]


def test_what_is_far_from_its_track_sticks_out():
    values = [5.0 + 0.1 * (number % 3) for number in range(20)]
    assert outliers_of(frames(values)) == ()
    values[7] = 9.0
    (one,) = outliers_of(frames(values))
    assert (one.frame, one.measure, one.value, one.usual) == (7, "color", 9.0, pytest.approx(5.1))
    assert one.score == pytest.approx(3.9 / (6 * 0.5))  # the least spread counts, for the values hardly vary
    assert one.face.name == "7.png"
    values[7] = 1.0
    assert outliers_of(frames(values)) == ()  # nearer to the target is no fault


def test_what_varies_much_on_its_track_does_not():
    values = [5.0 + 2.0 * (number % 5) for number in range(20)]
    values[7] = 16.0
    assert outliers_of(frames(values)) == ()


def test_sharpness_sticks_out_in_both_directions():
    values = [0.8] * 20
    values[3], values[4] = 0.3, 1.3
    assert [one.frame for one in outliers_of(frames(values, "sharpness"))] == [3, 4]


@pytest.mark.parametrize(("measure", "value"), [("seam", 1.9), ("color", 21.0), ("flicker", 7.0), ("sharpness", 0.2)])
def test_beyond_a_limit_all_frames_stick_out(measure, value):
    found = outliers_of(frames([value] * 3, measure))
    assert [(one.frame, one.usual) for one in found] == [(0, None), (1, None), (2, None)]


def test_each_track_and_swap_has_its_own_usual_value():
    both = [*frames([3.0] * 20), *frames([12.0] * 20, track=1), *frames([18.0] * 20, swap=1)]
    assert outliers_of(both) == ()


def test_a_sample_outside_always_sticks_out():
    (one,) = outliers_of([FrameFigures(4, 2, True), FrameFigures(5, 0, True)])
    assert (one.frame, one.measure, one.value, one.usual, one.face) == (4, "outside", 2, 0.0, None)


def test_means_are_over_the_frames_and_the_swap_asked_for():
    both = [*frames([1.0, 2.0, 6.0]), *frames([10.0], swap=1), *frames([None, 3.0], "flicker")]
    assert mean_figures(both) == {"color": 4.75, "flicker": 3.0}
    assert mean_figures(both, positions={1, 2}, swap=0) == {"color": 4.0, "flicker": 3.0}
    assert mean_figures(both, positions=()) == {}
