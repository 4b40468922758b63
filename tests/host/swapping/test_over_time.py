"""Which merger holds for a face at a frame, and how much of it shows: ranges, fades, skips and keyframes."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.clock import Clock
from understudy.curves import mixed
from understudy.project import load_project
from understudy.swapping import settings_over_time

RANGES = "    ranges:\n      - {from: 5, to: 9, merger: {with: {mask_blur_px: 2}}}\n"
BOB = 7


@pytest.fixture
def settings(project_file, fake_registry):
    """Give a function that reads lines of a swap and says what they mean in a clip of 100 frames, 25 a second."""

    def read(*lines: str, pts=tuple(range(100))):
        text = "".join(f"    {line}\n" for line in lines)
        people = "people: {bob: {tracks: {scene: [7]}}}\nfacesets:"
        project = load_project(project_file((RANGES, text), ("facesets:", people)), fake_registry)
        info = SimpleNamespace(path=Path("scene.mp4"), start_timecode=None, pts=pts, last_duration=1)
        info.time_base, info.average_rate = Fraction(1, 25), Fraction(25)
        return settings_over_time(project.swaps[0], Clock(info), lambda face: frozenset(face.tracks))

    return read


def opacities(found, frames, track=0):
    return [held.opacity if (held := found.at(track, frame)) else 0.0 for frame in frames]


def blurs(found, frames, track=0):
    return [found.at(track, frame).merger.config.mask_blur_px for frame in frames]


def test_without_any_the_same_holds_everywhere(settings):
    found = settings("seed: 0")
    assert found.is_plain
    assert (found.at(3, 0).opacity, found.at(3, 99).merger) == (1.0, found.whole.merger)


@pytest.mark.parametrize("line", ["fade_in: 5", "fade_out: 5", "opacity: 0.5", "keyframes: [{at: 5, opacity: 0}]"])
def test_anything_of_a_swap_that_changes_is_noticed(settings, line):
    assert not settings(line).is_plain


def test_a_swap_comes_in_and_goes_out(settings):
    found = settings("opacity: 0.8", "fade_in: 4", "fade_out: 00:00:00.080")
    assert opacities(found, range(6)) == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.8, 0.8])
    assert opacities(found, range(96, 100)) == pytest.approx([0.8, 0.8, 0.6, 0.2])


def test_a_range_comes_in_and_goes_out_at_its_own_ends(settings):
    found = settings("ranges: [{from: 10, to: 20, fade_in: 2, fade_out: 4, opacity: 0.5}]")
    assert opacities(found, range(9, 13)) == pytest.approx([1.0, 0.125, 0.375, 0.5])
    assert opacities(found, range(15, 21)) == pytest.approx([0.5, 0.4375, 0.3125, 0.1875, 0.0625, 1.0])


def test_a_skip_leaves_its_frames_alone_and_fades_lie_around_it(settings):
    found = settings("ranges: [{from: 10, to: 20, skip: true, fade_out: 4, fade_in: 2}]")
    assert opacities(found, range(5, 11)) == pytest.approx([1.0, 0.875, 0.625, 0.375, 0.125, 0.0])
    assert opacities(found, range(19, 23)) == pytest.approx([0.0, 0.25, 0.75, 1.0])
    assert all(found.at(0, frame) is None for frame in range(10, 20))


def test_a_later_range_lifts_a_skip(settings):
    skipped = "{from: 10, to: 20, skip: true, fade_in: 4}"
    found = settings(f"ranges: [{skipped}, {{from: 15, to: 22, skip: false}}]")
    assert opacities(found, (14, 15, 21, 22, 23)) == pytest.approx([0.0, 1.0, 1.0, 0.625, 0.875])
    other = "{from: 15, to: 22, merger: {with: {mask_blur_px: 2}}}"
    kept = settings(f"ranges: [{skipped}, {other}]")
    assert opacities(kept, (15,)) == [0.0]  # a range that says nothing of skipping leaves it


def test_of_overlapping_ranges_the_last_that_states_a_thing_holds(settings):
    found = settings(
        "ranges:",
        "  - {from: 10, to: 30, opacity: 0.5, merger: {with: {mask_blur_px: 2}}}",
        "  - {from: 20, to: 40, merger: {with: {mask_blur_px: 3}}}",
    )
    assert blurs(found, (9, 10, 19, 20, 39, 40)) == [8, 2, 2, 3, 3, 8]
    assert opacities(found, (10, 20, 29, 30)) == [0.5, 0.5, 0.5, 1.0]


def test_a_range_may_be_about_one_person_alone(settings):
    found = settings(
        "ranges:",
        "  - {from: 10, to: 20, face: {person: bob}, skip: true}",
        "  - {from: 0, to: 9, face: {track: 3}, opacity: 0.5}",
    )
    assert (found.at(BOB, 15), found.at(3, 15).opacity) == (None, 1.0)
    assert (found.at(BOB, 5).opacity, found.at(3, 5).opacity) == (1.0, 0.5)


def test_values_go_from_keyframe_to_keyframe(settings):
    found = settings(
        "keyframes:",
        "  - {at: 10, merger: {mask_blur_px: 10}, opacity: 1}",
        "  - {at: '00:00:00:20', merger: {mask_blur_px: 30}, then: hold}",
        "  - {at: 30, merger: {mask_blur_px: 50}, then: smooth}",
        "  - {at: 50, merger: {mask_blur_px: 90}, opacity: 0.2}",
    )
    assert blurs(found, (0, 10, 11, 15, 20, 29, 30, 35, 40, 50, 99)) == [10, 10, 12, 20, 30, 30, 50, 56, 70, 90, 90]
    assert opacities(found, (0, 10, 20, 30, 50)) == pytest.approx([1.0, 1.0, 0.8, 0.6, 0.2])
    assert found.at(0, 15).merger.config.mask_erode_px == 4  # what no keyframe names stays


def test_time_counts_between_keyframes_not_frames(settings):
    slow_then_fast = tuple(range(0, 200, 10)) + tuple(range(200, 280))
    found = settings("keyframes: [{at: 0, opacity: 0}, {at: 30, opacity: 1}]", pts=slow_then_fast)
    assert opacities(found, (10, 20, 25)) == pytest.approx([100 / 210, 200 / 210, 205 / 210])


def test_a_range_goes_on_with_the_keyframes_of_the_swap_where_it_states_nothing_itself(settings):
    found = settings(
        "keyframes:",
        "  - {at: 0, merger: {mask_blur_px: 0, mask_erode_px: 0}}",
        "  - {at: 100, merger: {mask_blur_px: 100, mask_erode_px: 50}}",
        "ranges:",
        "  - {from: 10, to: 20, merger: {with: {mask_blur_px: 7}}}",
        "  - from: 20",
        "    to: 30",
        "    keyframes: [{at: 20, merger: {mask_blur_px: 1}}, {at: 30, merger: {mask_blur_px: 11}}]",
        "  - {from: 30, to: 40, merger: {use: paster}}",
    )
    assert blurs(found, (8, 12, 25, 50)) == [8, 7, 6, 50]
    assert [found.at(0, frame).merger.config.mask_erode_px for frame in (12, 24)] == [6, 12]
    assert (found.at(0, 35).merger.name, found.at(0, 35).merger.config.model_dump()) == ("paster", {})


def test_a_setting_takes_few_steps_however_long_the_way(settings):
    long = tuple(range(20_000))
    found = settings(
        "keyframes: [{at: 0, merger: {mask_blur_px: 0}}, {at: 19999, merger: {mask_blur_px: 100000}}]", pts=long
    )
    assert 200 < len(set(blurs(found, range(0, 20_000, 7)))) <= 257


def test_it_travels_to_other_processes(settings):
    found = settings("keyframes: [{at: 0, opacity: 0}, {at: 30, opacity: 1}]")
    whole = pickle.loads(pickle.dumps((found.whole.curves, found.whole.opacity, found.parts)))
    assert whole == (found.whole.curves, found.whole.opacity, found.parts)


def test_numbers_mix_and_all_else_holds():
    assert mixed(0.0, 1.0, 0.25) == 0.25
    assert [mixed(1, 4, way) for way in (0.0, 0.5, 1.0)] == [1, 3, 4]
    assert (mixed(True, False, 0.9), mixed("rct", "lct", 0.9), mixed(None, 3.0, 0.5)) == (True, "rct", None)
    assert mixed({"top": 0.0, "how": "a"}, {"top": 2.0, "how": "b"}, 0.5) == {"top": 1.0, "how": "a"}
    assert mixed([0.0, 2.0], [1.0, 4.0], 0.5) == [0.5, 3.0]
