"""Does what a person writes for a moment or a while mean what editors mean by it?"""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.errors import RequestError
from understudy.timecode import Duration, Moment, counted_frame

NTSC, NTSC_60 = Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("written", "rate", "frame"),
    [
        ("00:00:00:00", Fraction(25), 0),
        ("00:00:03:07", Fraction(25), 82),
        ("01:00:00:00", NTSC, 108_000),  # time code counts 30 a second, so an hour of it is 3.6 s longer
        ("00:01:00:59", NTSC_60, 3659),
        # drop-frame: published pairs of SMPTE ST 12-1's rule
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:09:59;29", NTSC, 17_981),
        ("00:10:00;00", NTSC, 17_982),
        ("00:10:59;29", NTSC, 19_781),
        ("00:11:00;02", NTSC, 19_782),
        ("01:00:00;00", NTSC, 107_892),
        ("23:59:59;29", NTSC, 2_589_407),
        ("00:01:00;04", NTSC_60, 3600),
        ("01:00:00;00", NTSC_60, 215_784),
    ],
)
def test_time_code_counts_frames(written, rate, frame):
    assert counted_frame(Moment.parse(written), rate) == frame


def test_every_frame_of_half_an_hour_has_one_drop_frame_number_and_follows_the_clock():
    numbers = [
        f"00:{minute:02}:{second:02};{frame:02}"
        for minute in range(30)
        for second in range(60)
        for frame in range(30)
        if minute % 10 == 0 or second or frame >= 2
    ]
    frames = [counted_frame(Moment.parse(number), NTSC) for number in numbers]
    assert frames == list(range(len(numbers)))
    shown_s = [float(frame / NTSC) for frame in frames[::899]]
    read_s = [int(number[3:5]) * 60 + int(number[6:8]) + int(number[9:]) / 30 for number in numbers[::899]]
    assert shown_s == pytest.approx(read_s, abs=0.07)  # never two frames apart


@pytest.mark.parametrize(
    "written", ["", "3", "00:00", "00:00:03", "00:61:00:00", "00:00:03,07", -1, 1.5, True, None, "0:0:0:0"]
)
def test_what_is_no_moment_is_refused_with_the_forms(written):
    with pytest.raises(RequestError, match=r"HH:MM:SS:FF, HH:MM:SS;FF .*, HH:MM:SS.mmm or a frame number"):
        Moment.parse(written)


@pytest.mark.parametrize(
    ("written", "rate", "text"),
    [
        ("00:00:01:25", Fraction(25), "counts 25 frames in a second of a clip that has 25"),
        ("00:01:00;01", NTSC, "drop-frame time code leaves 00:01:00;01 out; the minute begins with 00:01:00;02"),
        ("00:01:00;03", NTSC_60, "the minute begins with 00:01:00;04"),
        ("00:00:01;02", Fraction(25), "29.97 or 59.94 frames in a second, but the clip has 25; write 00:00:01:02"),
        ("00:00:01;02", Fraction(30), "but the clip has 30; write 00:00:01:02"),
        ("00:00:01;02", Fraction(24000, 1001), "but the clip has 23.976; write 00:00:01:02"),
    ],
)
def test_time_code_that_no_frame_has(written, rate, text):
    with pytest.raises(RequestError) as raised:
        counted_frame(Moment.parse(written), rate)
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other", "is_certain"),
    [
        (5, 5, True),
        (4, 5, True),
        (6, 5, False),
        ("00:00:01:05", "00:00:01:06", True),
        ("00:00:01.500", "00:00:01.400", False),
        ("00:00:01;05", "00:00:01;06", True),
        (5, "00:00:59:00", False),  # depends on the rate
        ("00:00:01:00", "00:00:59.000", False),
        ("00:00:01:00", "00:00:59;00", False),
    ],
)
def test_order_is_told_only_where_it_is_certain(one, other, is_certain):
    assert Moment.parse(one).is_not_after(Moment.parse(other)) is is_certain


def test_a_moment_reads_as_it_was_written():
    assert [str(Moment.parse(written)) for written in (7, "00:00:03.5", "00:01:00;02")] == [
        "7",
        "00:00:03.5",
        "00:01:00;02",
    ]


def test_a_while_is_frames_seconds_or_a_clock_reading():
    assert Duration.parse(12).frames == 12
    assert Duration.parse("0.5s").seconds == Duration.parse("00:00:00.500").seconds == Fraction(1, 2)
    assert counted_frame(Duration.parse("00:00:01:05").code, Fraction(25)) == 30
    assert [str(Duration.parse(written)) for written in (12, "0.5s")] == ["12 frames", "0.5s"]


@pytest.mark.parametrize("written", ["12", "0.5", 0.5, -1, True, None, "00:00:01;05"])
def test_what_is_no_while_is_refused_with_the_forms(written):
    with pytest.raises(RequestError, match=r"a number of frames, seconds such as 0\.5s, HH:MM:SS:FF or HH:MM:SS\.mmm"):
        Duration.parse(written)
