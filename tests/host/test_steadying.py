"""Does steadying take the trembling out and leave the motion in, at any frame rate and in any window?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy.steadiness import (
    REACH_S,
    eye_opening,
    jitter_of,
    noise_of,
    parts_of_mesh,
    steady,
    steadying_plan,
)
from understudy.steadiness.parts import placings_of, to_local
from understudy_sdk import InvalidValueError
from understudy_sdk.landmarks import LEFT_EYE, MOUTH, RIGHT_EYE, TEMPLATE

SIDE_PX = 160.0
NOISE_PX = 0.5
RATES = ("24", "30", "60", "variable")
LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))


def mean_face():
    angles = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.6 * np.cos(angles), 0.2 + 0.9 * np.sin(angles)], axis=1)
    return np.concatenate([jaw, TEMPLATE]) * SIDE_PX


def times_at(rate, seconds=3.0):
    if rate == "variable":
        steps = np.random.default_rng(7).choice([1 / 24, 1 / 30, 1 / 30, 1 / 60], size=200)
        times = np.cumsum(steps)
        return times[times < seconds]
    return np.arange(int(seconds * int(rate))) / int(rate)


def still(times):
    return np.repeat(mean_face()[None] + (200.0, 150.0), len(times), axis=0)


def shifted(times, x_px):
    points = still(times)
    points[:, :, 0] += x_px[:, None]
    return points


def accelerating(times):
    return shifted(times, 40.0 * times + 60.0 * times**2)


def shaken(times):
    return shifted(times, 30.0 * np.sin(2 * np.pi * 2.0 * times))


def jumping(times):
    return shifted(times, np.where(times > 1.5, 40.0, 0.0))


def panned(times):
    return shifted(times, 400.0 * np.clip(times - 1.0, 0.0, 0.8))


def turning(times):
    points, angles = still(times), 0.5 * np.sin(2 * np.pi * times)
    middle = points.mean(axis=(0, 1))
    turn = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], axis=1).reshape(-1, 2, 2)
    return np.einsum("tij,tpj->tpi", turn, points - middle) + middle


def talking(times):
    points = still(times)
    points[:, MOUTH, 1] += 5.0 * np.sin(2 * np.pi * 3.0 * times)[:, None] * np.linspace(0, 1, 20)
    return points


def blinking(times):
    """Blink at every half second past a full one; each lasts 0.1 s at half depth, three frames at 30 a second."""
    points = still(times)
    shut = np.clip(1.0 - np.abs(times % 1.0 - 0.5) / 0.1, 0.0, 1.0)
    for upper, lower in LIDS:
        points[:, upper, 1] += 0.9 * shut * (points[:, lower, 1] - points[:, upper, 1])
    return points


def trembling(points, seed, noise_px=NOISE_PX):
    """Add what a finder's error looks like: some for the whole face, some shared by neighbours, some of each point."""
    random = np.random.default_rng(seed)
    count = len(points)
    whole = random.normal(0, 0.5, (count, 1, 2))
    shared = np.repeat(random.normal(0, 0.6, (count, 17, 2)), 4, axis=1)
    own = random.normal(0, 0.6, points.shape)
    return (points + noise_px * (whole + shared + own)).astype(np.float32)


def errors(points, truth, where=slice(0, 68)):
    """Return the mean square error of each frame."""
    return ((points - truth)[:, where] ** 2).sum(axis=-1).mean(axis=1)


def both_errors(motion, times, repeats=12, where=slice(0, 68)):
    """Return each frame's root mean square errors over some draws of the noise: as found, and steadied."""
    truth, raw, done = motion(times), 0.0, 0.0
    for seed in range(repeats):
        found = trembling(truth, seed)
        raw = raw + errors(found, truth, where)
        done = done + errors(steady(times, found, noise_of(times, found), 0.5), truth, where)
    return np.sqrt(raw / repeats), np.sqrt(done / repeats)


def rms(values):
    return float(np.sqrt((values**2).mean()))


class TestAStillFace:
    @pytest.mark.parametrize("rate", RATES)
    def test_trembles_a_third_as_much_or_less_at_any_frame_rate(self, rate):
        times = times_at(rate, seconds=12.0)
        found = trembling(still(times), seed=1)
        before = jitter_of(times, found)
        after = jitter_of(times, steady(times, found, noise_of(times, found), 0.5))
        assert after.within_px < before.within_px / 3
        assert after.whole_px < before.whole_px / 3

    @pytest.mark.parametrize("rate", ["30", "60"])
    def test_a_burst_of_trembling_is_no_motion(self, rate):
        times = times_at(rate, seconds=6.0)
        found = trembling(still(times), seed=4)
        noise = noise_of(times, found)
        middle = len(times) // 2
        burst = np.zeros((len(times), 1, 2), np.float32)
        burst[middle : middle + 5, 0, 0] = [1, -1, 1, -1, 1]  # as noise does now and then, and no head
        found = (found + 1.2 * burst).astype(np.float32)
        around = slice(middle - 8, middle + 13)
        before, after = (
            jitter_of(times[around], points[around]).whole_px for points in (found, steady(times, found, noise, 0.5))
        )
        assert after < before / 3

    def test_trembles_less_the_stronger_it_is_steadied(self):
        times = times_at("30")
        found = trembling(still(times), seed=2)
        noise = noise_of(times, found)
        levels = [jitter_of(times, steady(times, found, noise, s)).within_px for s in (0.0, 0.25, 0.5, 1.0)]
        assert sorted(levels, reverse=True) == levels
        assert levels[-1] < 0.6 * levels[-2]

    def test_has_its_noise_measured(self):
        times = times_at("60", seconds=6.0)
        found = trembling(still(times), seed=3)
        noise = noise_of(times, found)
        within = to_local(placings_of(found), found).std(axis=0)
        assert 1.0 < noise.parts[4] / within[MOUTH].mean() < 1.5  # points that tremble apart are held for noisier
        moving = trembling(accelerating(times), seed=3)
        np.testing.assert_allclose(noise_of(times, moving).parts, noise.parts, rtol=0.02)


class TestMotion:
    @pytest.mark.parametrize("rate", RATES)
    @pytest.mark.parametrize("motion", [accelerating, shaken, jumping, panned, turning, talking, blinking])
    def test_is_nowhere_further_from_the_truth_than_as_found(self, motion, rate):
        raw, done = both_errors(motion, times_at(rate))
        assert (done <= 1.05 * rms(raw)).all(), f"worst frame {np.max(done) / rms(raw):.3f}"
        assert rms(done) < 0.8 * rms(raw)

    @pytest.mark.parametrize("rate", RATES)
    def test_of_the_eyes_stays_in_a_blink(self, rate):
        times = times_at(rate)
        truth, done = blinking(times), []
        for seed in range(12):
            found = trembling(truth, seed, noise_px=0.3)  # still more than real finders show on a clean close-up
            done.append(steady(times, found, noise_of(times, found), 0.5))
        before, after = eye_opening(truth), eye_opening(np.mean(done, axis=0))
        for start in (0.0, 1.0, 2.0):
            inside = np.flatnonzero((times >= start + 0.2) & (times < start + 0.8))
            for eye in (0, 1):
                open_wide = np.median(before[:, eye])
                depth = open_wide - before[inside, eye].min()
                assert open_wide - after[inside, eye].min() > 0.92 * depth
                assert before[inside[after[inside, eye].argmin()], eye] < before[inside, eye].min() + 0.1 * depth

    def test_of_one_eye_leaves_the_rest_steadied(self):
        times = times_at("30")
        truth = still(times)
        shut = np.clip(1.0 - np.abs(times - 1.5) / 0.1, 0.0, 1.0)
        for upper, lower in LIDS[:2]:
            truth[:, upper, 1] += 0.9 * shut * (truth[:, lower, 1] - truth[:, upper, 1])
        found = trembling(truth, seed=5)
        done = steady(times, found, noise_of(times, found), 0.5)
        blink = np.abs(times - 1.5) < 0.15
        other = np.sqrt(errors(done, truth, LEFT_EYE) / errors(found, truth, LEFT_EYE).mean())[blink]
        own = np.sqrt(errors(done, truth, RIGHT_EYE) / errors(found, truth, RIGHT_EYE).mean())[blink]
        assert rms(other) < 0.7
        assert rms(other) < rms(own) < 1.05

    def test_without_noise_passes_as_it_is(self):
        times = times_at("variable")
        for motion in (accelerating, jumping, blinking):
            truth = motion(times).astype(np.float32)
            np.testing.assert_allclose(steady(times, truth, noise_of(times, truth), 1.0), truth, atol=0.02)


class TestThePlan:
    def test_leaves_every_bit_at_strength_0(self):
        times = times_at("30")
        found = trembling(shaken(times), seed=6)
        plan = steadying_plan(times, found, noise_of(times, found), 0.0)
        mesh = np.random.default_rng(0).normal(size=(len(times), 9, 3)).astype(np.float32)
        np.testing.assert_array_equal(plan.apply(found), found)
        np.testing.assert_array_equal(plan.apply(mesh, np.zeros(9, np.intp)), mesh)

    @pytest.mark.parametrize("rate", ["30", "variable"])
    def test_gives_the_same_bits_in_windows(self, rate):
        times = times_at(rate)
        found = trembling(blinking(times) + shaken(times), seed=7)
        noise = noise_of(times, found)
        whole = steadying_plan(times, found, noise, 1.0).apply(found)
        for first in range(0, len(times), 17):
            stop = min(first + 17, len(times))
            low = np.searchsorted(times, times[first] - REACH_S)
            high = np.searchsorted(times, times[stop - 1] + REACH_S, side="right")
            part = steadying_plan(times[low:high], found[low:high], noise, 1.0).apply(found[low:high])
            np.testing.assert_array_equal(part[first - low : stop - low], whole[first:stop])

    def test_moves_a_mesh_as_it_moves_the_landmarks(self):
        times = times_at("30")
        found = trembling(blinking(times), seed=8)
        plan = steadying_plan(times, found, noise_of(times, found), 0.5)
        depth = np.full((*found.shape[:2], 1), 12.0, np.float32)
        mesh = np.concatenate([found, depth], axis=2)[:, ::-1]
        done = plan.apply(np.ascontiguousarray(mesh), parts_of_mesh(found, mesh))
        np.testing.assert_allclose(done[:, ::-1, :2], plan.apply(found), atol=1e-3)
        assert np.ptp(done[..., 2]) < 0.5 * np.ptp(12.0 * np.linalg.norm(found[:, 36] - found[:, 45], axis=1) / 118)

    def test_does_not_care_where_a_gap_is(self):
        times = times_at("30")
        found = trembling(still(times), seed=9)
        known = np.r_[0:30, 50 : len(times)]
        noise = noise_of(times[known], found[known])
        done = steady(times[known], found[known], noise, 0.5)
        whole = steady(times, found, noise, 0.5)
        np.testing.assert_array_equal(done[:15], whole[:15])
        assert np.isfinite(done).all()

    @pytest.mark.parametrize("count", [0, 1, 2, 5])
    def test_takes_the_shortest_tracks(self, count):
        times = times_at("30")[:count]
        found = trembling(still(times), seed=10)
        done = steady(times, found, noise_of(times, found), 1.0)
        assert done.shape == found.shape
        assert done.dtype == np.float32
        np.testing.assert_allclose(done, found, atol=5 * NOISE_PX)

    def test_refuses_what_is_no_track(self):
        times = times_at("30")
        found = trembling(still(times), seed=11)
        noise = noise_of(times, found)
        with pytest.raises(InvalidValueError, match="between 0 and 1"):
            steadying_plan(times, found, noise, 1.5)
        with pytest.raises(InvalidValueError, match="ascend"):
            steadying_plan(np.zeros_like(times), found, noise, 0.5)
        with pytest.raises(InvalidValueError, match="points to steady"):
            steadying_plan(times, found, noise, 0.5).apply(found[:5])
