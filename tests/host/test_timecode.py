"""Does a moment that a person writes lead to the right frame?"""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.errors import RequestError
from understudy.timecode import Moment

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("written", "rate", "frame"),
    [
        (0, Fraction(25), 0),
        (117, NTSC, 117),
        ("00:00:00:00", Fraction(25), 0),
        ("00:00:03:07", Fraction(25), 82),
        ("01:00:00:00", NTSC, 108_000),  # time code counts 30 a second, so an hour of it is 3.6 s longer
        ("01:00:00.000", NTSC, 107_892),  # true time
        ("00:00:03.003", NTSC, 90),  # frame 90 begins at 3.003003 s
        ("00:00:00.040", Fraction(25), 1),
        ("00:00:00.5", Fraction(24), 12),
        ("00:01:00:59", Fraction(60000, 1001), 3659),
    ],
)
def test_frame(written, rate, frame):
    assert Moment.parse(written).frame(rate) == frame


@pytest.mark.parametrize(
    "written", ["", "3", "00:00", "00:00:03", "00:61:00:00", "00:00:03;07", -1, 1.5, True, None, "0:0:0:0"]
)
def test_what_is_no_moment_is_refused_with_the_forms(written):
    with pytest.raises(RequestError, match=r"HH:MM:SS:FF, HH:MM:SS.mmm or a frame number"):
        Moment.parse(written)


def test_more_frames_than_a_second_has():
    with pytest.raises(RequestError, match="counts 25 frames in a second of a clip that has 25"):
        Moment.parse("00:00:01:25").frame(Fraction(25))


@pytest.mark.parametrize(
    ("one", "other", "is_certain"),
    [
        (5, 5, True),
        (4, 5, True),
        (6, 5, False),
        ("00:00:01:05", "00:00:01:06", True),
        ("00:00:01.500", "00:00:01.400", False),
        (5, "00:00:59:00", False),  # depends on the rate
        ("00:00:01:00", "00:00:59.000", False),
    ],
)
def test_order_is_told_only_where_it_is_certain(one, other, is_certain):
    assert Moment.parse(one).is_not_after(Moment.parse(other)) is is_certain


def test_it_reads_as_it_was_written():
    assert [str(Moment.parse(written)) for written in (7, "00:00:03.5")] == ["7", "00:00:03.5"]
