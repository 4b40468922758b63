"""Do curves keep their peaks when they are thinned, and do drawings put values where they belong?"""

import re

import numpy as np
import pytest

from understudy.report.axes import clock_axis, count_axis, ticks
from understudy.report.charts import Curve, line_chart
from understudy.report.maps import TimelineRow, pose_map, timeline
from understudy.report.thinning import MOST_POINTS, columns_of, thinned
from understudy.report.wording import clock, number, short_clock, spans_of, spans_text


def test_a_thinned_curve_keeps_peaks_dips_and_breaks():
    xs = np.arange(200_000) / 30
    ys = np.sin(xs)
    ys[[777, 150_001]] = 9.0, -9.0
    ys[60_000:60_002] = np.nan
    few_xs, few_ys = thinned(xs, ys)
    assert len(few_xs) <= MOST_POINTS
    assert (np.diff(few_xs) > 0).all()
    assert few_ys[few_xs == xs[777]] == [9.0]
    assert few_ys[few_xs == xs[150_001]] == [-9.0]
    assert np.isnan(few_ys).sum() == 1
    is_point = np.isfinite(few_ys)
    assert np.isin(few_ys[is_point], ys).all()


def test_a_short_curve_stays_as_it_is():
    xs, ys = np.arange(5.0), np.array([1, np.nan, 2, 3, 4])
    assert thinned(xs, ys) == (xs, ys)


def test_columns_of_flags():
    assert columns_of(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert columns_of(np.zeros(3, bool)) == []


def path_of(drawing, kind):
    return re.search(rf'<path class="curve {kind}" d="([^"]*)"', drawing)[1]


def test_a_line_goes_from_corner_to_corner_and_breaks_at_gaps_and_unknown_values():
    xs = np.arange(11.0)
    curve = Curve("after", "all", xs, np.where(xs == 5, np.nan, xs))
    drawing = line_chart("Rise", "px", [curve], clock_axis, gaps=[(8.0, 9.0)])
    data = path_of(drawing, "after")
    assert [1 + part.count("L") for part in data.split("M")[1:]] == [5, 3, 2]  # 0 to 4, 6 to 8, 9 to 10
    first = re.match(r"M([\d.]+) ([\d.]+)", data)
    assert (float(first[1]), float(first[2])) == (46.0, 148.0)  # 0 at 0 s: the lower left corner
    assert data.endswith("550.0 17.8")  # 10 at 10 s, with a little room above
    (gap,) = re.findall(r'class="gap" x="(\d+)" y="10" width="(\d+)"', drawing)
    assert gap == ("449", "51")  # 8 s to 9 s of 504 px for 10 s
    assert 'aria-label="Rise: all 0 to 10, median 5"' in drawing


def test_a_rare_spike_does_not_flatten_a_curve():
    ys = np.ones(1000)
    ys[500] = 80.0
    drawing = line_chart("Spike", "", [Curve("one", "", np.arange(1000.0), ys)], count_axis)
    assert "cut off at the top; the highest is 80" in drawing
    heights = {float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path_of(drawing, "one"))}
    assert min(heights) == 10.0  # the spike, at the upper edge
    assert sorted(heights)[1] < 60


def test_a_chart_of_nothing_says_so():
    drawing = line_chart("Nothing", "px", [Curve("one", "", np.arange(3.0), np.full(3, np.nan))], clock_axis)
    assert "nothing is measured" in drawing
    assert "<svg" not in drawing


def test_filled_places_that_fall_together_are_one_mark():
    xs = np.arange(100_000.0)
    drawing = line_chart("Filled", "", [Curve("one", "", xs, xs)], clock_axis, filled=xs[::2].tolist())
    assert drawing.count('class="filled"') == 1


def test_the_pose_map_shows_left_at_the_left_and_up_at_the_top():
    drawing = pose_map(np.array([60.0, 60.0, -60.0]), np.array([40.0, 40.0, -40.0]))
    cells = re.findall(r'class="pose" x="([\d.]+)" y="([\d.]+)".*?<title>(\d) faces', drawing)
    (left_x, left_y, left_count), (right_x, right_y, right_count) = cells
    assert (left_count, right_count) == ("2", "1")
    assert float(left_x) < float(right_x)
    assert float(left_y) < float(right_y)


def test_the_pose_map_keeps_faces_beyond_its_edge():
    assert pose_map(np.array([180.0, -180.0]), np.array([90.0, -90.0])).count('class="pose"') == 2


def test_the_timeline_has_a_bar_wherever_there_are_frames():
    rows = [TimelineRow("track 1", "present", [(0, 49), (75, 99)], "here"), TimelineRow("<none>", "missing", [])]
    drawing = timeline(rows, 100, (0.0, 4.0))
    bars = [
        (int(x), int(width)) for x, width in re.findall(r'class="present" x="(\d+)" y="\d+" width="(\d+)"', drawing)
    ]
    assert bars == [(130, 490), (130 + 735, 245)]
    assert '<a href="#here">' in drawing
    assert "&lt;none&gt;" in drawing


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 10.0, [0, 2, 4, 6, 8, 10]), (0.21, 0.39, [0.25, 0.3, 0.35]), (3.0, 3.0, [3.0])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("length_s", "expected"),
    [(2.0, "0:00.5"), (6.0, "0:01"), (374.0, "1:00"), (5400.0, "15:00"), (400_000.0, "20:00:00")],
)
def test_a_clock_s_axis_has_few_round_times(length_s, expected):
    words = [words for _, words in clock_axis((0.0, length_s)).ticks]
    assert 2 < len(words) <= 8
    assert words[1] == expected


def test_times_and_numbers_in_words():
    assert clock(3723.0456) == "01:02:03.046"
    assert clock(-0.04) == "-00:00:00.040"
    assert clock(59.9996) == "00:01:00.000"
    assert short_clock(59.96, is_fine=True) == "1:00.0"
    assert short_clock(3600.0) == "1:00:00"
    assert [number(value) for value in (0.0, 0.01234, 12.345, 123.4, 7)] == ["0", "0.0123", "12.3", "123", "7"]
    assert number(1234567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"


def test_spans_of_frames_in_words():
    assert spans_of([1, 2, 3, 7, 9, 10]) == ((1, 3), (7, 7), (9, 10))
    assert spans_text(((1, 3), (7, 7))) == "1 to 3, 7"
    assert spans_text([(2 * place, 2 * place) for place in range(100)], most=2) == "0, 2, and 98 more spans"
