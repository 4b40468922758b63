"""Are lists, a matrix file and frames read as meant, and refused with their place where they are wrong?"""

import pytest

import understudy
from understudy.clock import Clock
from understudy.comparing import axes_of
from understudy.comparing.axes import MOST, combinations_of
from understudy.comparing.columns import best_of
from understudy.comparing.frames import chosen_spans
from understudy.comparing.variants import Variants
from understudy.plugins import discover
from understudy.video import probe


def test_lists_and_a_matrix_make_every_combination_in_the_order_of_work(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("model: [quick96, {use: saehd, with: {resolution: 64}, iterations: 9}]\n", encoding="utf-8")
    axes = axes_of({"merger": ["overlay", "raw"], "detector": []}, path)
    assert list(axes) == ["model", "merger"]
    found = combinations_of(axes)
    assert [one.label for one in found] == [
        "quick96 / overlay", "quick96 / raw", "saehd resolution=64 / overlay", "saehd resolution=64 / raw"
    ]  # fmt: skip
    assert [one.entries[0].iterations for one in found] == [None, None, 9, 9]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("detectr: [a]\n", r"m.yaml:1:1: detectr: unknown key. Did you mean 'detector'"),
        ("merger:\n  - {with: {a: 1}}\n", r"m.yaml:2:5: merger.0: needs use:"),
        ("merger:\n  - {use: raw, iterations: 3}\n", r"merger.0 has iterations:, but only a model learns"),
        ("merger: []\n", "merger"),
        ("merger: [\n", "m.yaml:2:1"),
    ],
)
def test_a_wrong_matrix_is_told_with_its_place(tmp_path, text, what):
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(understudy.ProjectError, match=what):
        axes_of({}, path)


@pytest.mark.parametrize(
    ("lists", "text", "what"),
    [
        ({}, None, "nothing is to be compared"),
        ({"merger": ["raw"]}, "merger: [overlay]\n", "mergers are given by --merger and in"),
        ({"merger": ["raw", "raw"]}, None, "two mergers are called 'raw'"),
    ],
)
def test_a_request_that_says_nothing_or_too_much_is_refused(tmp_path, lists, text, what):
    path = None
    if text:
        path = tmp_path / "m.yaml"
        path.write_text(text, encoding="utf-8")
    with pytest.raises(understudy.RequestError, match=what):
        axes_of(lists, path)
    with pytest.raises(understudy.RequestError, match="cannot be read: No such file"):
        axes_of({}, tmp_path / "none.yaml")


def test_more_combinations_than_can_be_looked_at_are_refused():
    axes = axes_of({"merger": [f"m{number}" for number in range(7)], "model": [f"n{number}" for number in range(7)]})
    with pytest.raises(understudy.RequestError, match=rf"these are 49 combinations, and .* {MOST}"):
        combinations_of(axes)


@pytest.mark.parametrize(
    ("frames", "ranges", "spans"),
    [
        ("7", None, [(7, 8)]),
        ("7,3-5, 6", None, [(3, 8)]),
        (None, "00:00:00:05-00:00:00:08,20-22", [(5, 8), (20, 22)]),
        ("1", "20-22", [(1, 2), (20, 22)]),
        (None, None, [(4, 6), (8, 10), (12, 14), (16, 18), (20, 22), (24, 26)]),
    ],
)
def test_frames_are_those_that_are_named_or_pairs_spread_evenly(squares, frames, ranges, spans):
    assert chosen_spans(Clock(probe(squares.parent / "blue.mkv")), frames, ranges) == spans


@pytest.mark.parametrize(
    ("frames", "ranges", "what"),
    [
        ("29-30", None, "29-30 lies beyond the clip"),
        ("8-3", None, "8-3 ends before it begins"),
        ("x", None, "'x' is not understood"),
        (None, "00:00:01:00", "--ranges takes spans"),
        (None, "00:00:00:05-noon", "noon"),
        (None, "29-31", "frames 29 to 30 are not all in blue.mkv, which has 30"),
    ],
)
def test_frames_that_are_not_there_are_refused(squares, frames, ranges, what):
    with pytest.raises(understudy.RequestError, match=what):
        chosen_spans(Clock(probe(squares.parent / "blue.mkv")), frames, ranges)


def test_a_variant_keeps_the_settings_of_the_projects_own_plugin_and_drops_those_of_others(squares):
    axes = axes_of({"detector": ["square"], "merger": ["overlay", "raw"], "model": ["quick96"]})
    variants = Variants(squares, discover(), (), 5)
    own, other = (variants.variant(one) for one in combinations_of(axes))
    assert own.facesets["blue"].extract.detector.config.level == 70
    assert (own.swaps[0].merger.name, own.swaps[0].merger.config.mask_blur_px) == ("overlay", 8)
    assert (other.swaps[0].merger.name, other.swaps[0].iterations) == ("raw", 5)
    assert own.work == other.work == understudy.load(squares).work


def test_the_best_of_a_column_is_its_most_or_its_least_and_needs_another_to_be_better_than():
    rows = [{"detected": 90.0, "seam": 2.0}, {"detected": 99.0, "seam": 2.0}, {"detected": 99.0, "jitter": 1.0}, {}]
    assert best_of(rows) == {"detected": [1, 2]}
    assert best_of([{"seam": 3.0}, {"seam": 2.5}]) == {"seam": [1]}
