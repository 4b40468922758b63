"""Are frames named as editors name them, both ends of a range among them?"""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.timecode import Moment, code_of, counted_frame
from understudy.tuning import parse_positions


@pytest.fixture
def clock():
    info = SimpleNamespace(
        path=Path("a.mp4"), pts=range(100), time_base=Fraction(1, 25), average_rate=Fraction(25), start_timecode=None,
        last_duration=1,
    )  # fmt: skip
    return Clock(info)


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("7", [7]),
        ("9, 3-5,4", [3, 4, 5, 9]),
        ("00:00:01:00-00:00:01:02", [25, 26, 27]),
        ("00:00:02.0,98-99", [50, 98, 99]),
    ],
)
def test_numbers_time_codes_and_ranges_with_both_their_ends(clock, text, positions):
    assert parse_positions(text, clock) == positions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100", "100 lies beyond the clip: a.mp4 has 100 frames"),
        ("90-100", "90-100 lies beyond the clip"),
        ("5-3", "ends before it begins"),
        ("x", "'x' is not understood"),
        (" , ", "names no frame"),
        ("00:00:01:30", "counts 30 frames in a second"),
    ],
)
def test_what_names_no_frame_is_refused_in_words(clock, text, found):
    with pytest.raises(RequestError, match=found):
        parse_positions(text, clock)


@pytest.mark.parametrize(
    ("rate", "is_drop"), [(25, False), (Fraction(30000, 1001), True), (Fraction(60000, 1001), True), (24, False)]
)
def test_a_frame_has_the_time_code_that_names_it(rate, is_drop):
    for number in (0, 1, 1799, 1800, 1801, 17981, 17982, 17983, 19781, 107892, 35963, 35964, 35965):
        text = code_of(number, Fraction(rate), is_drop=is_drop)
        assert counted_frame(Moment.parse(text), Fraction(rate)) == number
