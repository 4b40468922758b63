"""Do moments lead to the right frames of a clip, by its own times and its own time code?"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from understudy.clock import Clock
from understudy.errors import RequestError
from understudy.timecode import Duration, Moment
from understudy.video import probe

NTSC = Fraction(30000, 1001)


def clock(rate=Fraction(25), frames=300, start=None, counting="zero", pts=None):
    pts = tuple(range(frames)) if pts is None else pts
    facts = {"pts": pts, "time_base": 1 / rate, "average_rate": rate, "last_duration": 1}
    return Clock(SimpleNamespace(path=Path("scene.mov"), start_timecode=start, **facts), counting)


@pytest.mark.parametrize(
    ("written", "rate", "frame"),
    [
        (117, NTSC, 117),
        ("00:00:03:07", Fraction(25), 82),
        ("01:00:00.000", NTSC, 107_892),  # true time
        ("00:00:03.003", NTSC, 90),  # frame 90 begins at 3.003003 s
        ("00:00:00.040", Fraction(25), 1),
        ("00:00:00.5", Fraction(24), 12),
        ("00:00:00.019", Fraction(25), 0),
        ("00:00:00.020", Fraction(25), 1),  # as near to both: the later
    ],
)
def test_frame(written, rate, frame):
    assert clock(rate).frame(Moment.parse(written)) == frame


def test_seconds_of_a_clip_of_variable_rate_go_by_its_times():
    slow_then_fast = (1000, 1100, 1200, 1300, 1310, 1320, 1330, 1340)  # ten ticks a second, then a hundred
    info = SimpleNamespace(path=Path("vfr.mp4"), start_timecode=None, pts=slow_then_fast, last_duration=10)
    info.time_base, info.average_rate = Fraction(1, 100), Fraction(1000 * 7, 340 * 10)
    found = [
        Clock(info).frame(Moment.parse(f"00:00:0{second}")) for second in ("0.000", "1.4", "1.6", "3.000", "3.200")
    ]
    assert found == [0, 1, 2, 3, 5]
    assert Clock(info).after(2, Duration.parse("1.1s")) == 4
    assert Clock(info).before(4, Duration.parse("1.1s")) == 2


def test_a_clips_own_time_code_is_counted_where_the_project_says_so():
    own = clock(start="01:00:00:00", counting="clip")
    assert own.frame(Moment.parse("01:00:02:03")) == 53
    assert own.frame(Moment.parse("00:59:59:24")) == -1  # before the clip
    assert own.frame(Moment.parse(53)) == own.frame(Moment.parse("00:00:02.120")) == 53  # from the clip's first frame
    assert clock(start="01:00:00:00").frame(Moment.parse("00:00:02:03")) == 53
    assert str(own) == "scene.mov has 300 frames (12.000 s, from 01:00:00:00 on)"


def test_a_clip_that_counts_drop_frame():
    own = clock(NTSC, 4000, "00:59:59;28", "clip")
    assert own.frame(Moment.parse("01:00:00;00")) == 2
    assert own.frame(Moment.parse("01:01:00;02")) == 1802
    with pytest.raises(RequestError, match=r"scene.mov counts drop-frame, from 00:59:59;28; write 01:01:00;02"):
        own.frame(Moment.parse("01:01:00:02"))


def test_time_code_that_the_clip_does_not_count_in():
    with pytest.raises(RequestError, match=r"counts without dropped numbers, from 01:00:00:00; write 01:00:01:02"):
        clock(NTSC, start="01:00:00:00", counting="clip").frame(Moment.parse("01:00:01;02"))
    with pytest.raises(RequestError, match=r"01:00:01:02 .* but scene.mov carries none; drop timecode: clip"):
        clock(counting="clip").frame(Moment.parse("01:00:01:02"))


def test_a_while_counts_frames_or_time():
    ntsc = clock(NTSC)
    assert [ntsc.after(10, Duration.parse(what)) for what in (12, "0.5s", "00:00:01:00")] == [22, 25, 40]
    assert [ntsc.before(60, Duration.parse(what)) for what in (12, "0.5s", "00:00:01:00")] == [48, 45, 30]


def test_times_go_on_before_and_after_the_clip():
    short = clock(frames=10)
    assert [short.tick(frame) for frame in (-2, 0, 9, 10, 12)] == [-2, 0, 9, 10, 12]
    assert [short.frame(Moment.parse(f"00:00:0{second}")) for second in ("0.4", "0.44", "1.0")] == [10, 11, 25]
    assert [short.way(Fraction(tick), 2, 6) for tick in (0, 2, 3, 6, 9)] == [0.0, 0.0, 0.25, 1.0, 1.0]


@pytest.mark.parametrize(("suffix", "rate", "start"), [(".mov", 25, "01:00:00:05"), (".mkv", 25, "10:00:00:00")])
def test_the_start_time_code_is_read_from_the_file(tmp_path, suffix, rate, start):
    path = tmp_path / f"clip{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width = stream.height = 64
        stream.metadata["timecode"] = start
        for _ in range(3):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            container.mux(stream.encode(grey))
        container.mux(stream.encode())
    assert probe(path).start_timecode == start


def test_a_drop_frame_start_is_read_from_the_file(tmp_path):
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=NTSC)
        stream.width = stream.height = 64
        stream.metadata["timecode"] = "01:00:00;02"
        for _ in range(3):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            container.mux(stream.encode(grey))
        container.mux(stream.encode())
    assert probe(path).start_timecode == "01:00:00;02"
    assert Clock(probe(path), "clip").frame(Moment.parse("01:00:00;04")) == 2
