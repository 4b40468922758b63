"""Do a track's figures say how much it trembles, what is missing and what its faces look like?"""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from understudy.faceset import ClipRow, FaceRow, Look, Origin
from understudy.steadiness import (
    PITCH_EDGES_DEG,
    YAW_EDGES_DEG,
    clip_figures,
    eye_opening,
    jitter_of,
    second_differences,
    track_figures,
)
from understudy_sdk import Face, FaceType
from understudy_sdk.landmarks import TEMPLATE

CLIP = ClipRow(1, "f" * 64, "clip.mp4", Fraction(1, 30), 40, 640, 480)


def mean_face(side=160.0):
    angles = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.6 * np.cos(angles), 0.2 + 0.9 * np.sin(angles)], axis=1)
    return (np.concatenate([jaw, TEMPLATE]) * side + 100.0).astype(np.float32)


def row(frame, *, track=1, origin=Origin.FOUND, noise=0.0, yaw=0.0, pitch=0.0, sharpness=50.0, shift=0.0):
    random = np.random.default_rng([track + 1, frame])
    landmarks = mean_face()
    found = (landmarks + random.normal(0, noise, (68, 2))).astype(np.float32)
    box = np.array([100 + shift, 100, 260 + shift, 260], np.float32)
    return FaceRow(
        name=f"{track}-{frame}.png",
        fingerprint=CLIP.fingerprint,
        clip_name=CLIP.name,
        frame=frame,
        pts=frame,
        time_base=CLIP.time_base,
        face=Face(box, 0.0 if origin is Origin.FILLED else 0.8, landmarks=landmarks),
        face_type=FaceType.FULL,
        size=256,
        frame_to_crop=np.eye(2, 3),
        found_landmarks=found,
        origin=origin,
        track=track,
        look=Look(pitch, yaw, 0.0, sharpness, 120.0),
        person="anna",
        mark="",
    )


class TestJitter:
    def test_of_one_point_that_hops_is_known(self):
        points = np.repeat(mean_face()[None], 9, axis=0)
        points[4, 8, 0] += 3.0  # the chin, which does not place the face
        times = np.arange(9) / 30
        within, whole = second_differences(times, points)
        expected = np.array([0, 0, 3, 6, 3, 0, 0]) / np.sqrt(68)
        np.testing.assert_allclose(within, expected, atol=1e-3)
        np.testing.assert_allclose(whole, 0.0, atol=1e-4)
        jitter = jitter_of(times, points)
        assert jitter.within_px == pytest.approx(np.sqrt((expected**2).mean()), abs=1e-3)
        assert jitter.still_256_px == pytest.approx(0.0, abs=1e-3)

    def test_of_the_whole_face_is_told_from_that_within_it(self):
        points = np.repeat(mean_face()[None], 9, axis=0)
        points[4, :, 1] += 2.0
        within, whole = second_differences(np.arange(9) / 30, points)
        np.testing.assert_allclose(whole, [0, 0, 2, 4, 2, 0, 0], atol=1e-3)
        np.testing.assert_allclose(within, 0.0, atol=1e-3)

    def test_is_the_same_whatever_the_face_is_sized_in_a_crop(self):
        random = np.random.default_rng(0)
        shaking = random.normal(0, 0.01, (50, 68, 2))
        times = np.arange(50) / 30
        small, large = (jitter_of(times, mean_face(side) + (shaking * side).astype(np.float32)) for side in (80, 320))
        assert large.within_px == pytest.approx(4 * small.within_px, rel=1e-3)
        assert large.within_256_px == pytest.approx(small.within_256_px, rel=1e-3)
        assert large.whole_256_px == pytest.approx(small.whole_256_px, rel=1e-3)
        assert large.within_256_px == pytest.approx(160.3 / 320 * large.within_px, rel=1e-3)

    def test_of_noise_is_the_same_at_uneven_times(self):
        random = np.random.default_rng(1)
        points = mean_face() + random.normal(0, 1, (600, 68, 2)).astype(np.float32)
        even, uneven = np.arange(600) / 60, np.cumsum(random.choice([1 / 24, 1 / 30, 1 / 60], 600))
        assert jitter_of(uneven, points).within_px == pytest.approx(jitter_of(even, points).within_px, rel=0.03)

    def test_does_not_bridge_missing_frames(self):
        points = np.repeat(mean_face()[None], 8, axis=0)
        points[4:] += 50.0
        times = np.array([0, 1, 2, 3, 20, 21, 22, 23]) / 30
        within, _ = second_differences(times, points)
        assert np.isnan(within).tolist() == [False, False, True, True, False, False]
        assert jitter_of(times, points).whole_px == pytest.approx(0.0, abs=1e-3)

    def test_of_too_few_faces_is_unknown(self):
        assert jitter_of(np.array([0.0, 0.1]), np.repeat(mean_face()[None], 2, axis=0)) is None


def test_eyes_open_and_shut():
    points = np.repeat(mean_face()[None], 2, axis=0)
    for upper, lower in ((37, 41), (38, 40)):
        points[1, upper] = points[1, lower]
    opening = eye_opening(points)
    assert opening.shape == (2, 2)
    assert opening[0] == pytest.approx([0.27, 0.27], abs=0.05)
    assert opening[1] == pytest.approx([0.0, opening[0, 1]], abs=1e-6)


class TestFigures:
    def test_count_what_is_there_and_what_is_not(self):
        rows = [row(frame, noise=0.5) for frame in (0, 1, 2, 3, 4, 5, 8, 9)]
        rows += [row(6, origin=Origin.FILLED), row(10, origin=Origin.HAND), row(11, origin=Origin.FOLLOWED)]
        figures = track_figures(rows[::-1], CLIP)
        assert (figures.first, figures.last, figures.faces, figures.missing) == (0, 11, 11, 1)
        assert figures.origins == {"found": 8, "followed": 1, "filled": 1, "hand": 1, "imported": 0}
        assert figures.last_s == pytest.approx(11 / 30)
        assert figures.found.within_px > 0.5
        assert figures.steadied.within_px == pytest.approx(0.0, abs=1e-3)
        assert figures.score.low == pytest.approx(0.8)
        assert figures.size_px.median == pytest.approx(160.0)

    def test_find_faces_that_lie_on_each_other(self):
        one = [row(frame) for frame in range(10)]
        other = [row(frame, track=2, shift=20.0) for frame in (3, 4)]
        apart = [row(frame, track=3, shift=150.0) for frame in range(10)]
        figures = clip_figures([*one, *other, *apart], CLIP)
        assert [(each.track, each.double) for each in figures] == [(1, 2), (2, 2), (3, 0)]

    def test_sort_poses_into_the_histogram(self):
        rows = [
            row(0, yaw=-80, pitch=0),
            row(1, yaw=0, pitch=20),
            row(2, yaw=14.9, pitch=29),
            row(3, yaw=400, pitch=-90),
        ]
        poses = np.array(track_figures(rows, CLIP).poses)
        assert poses.shape == (len(PITCH_EDGES_DEG) - 1, len(YAW_EDGES_DEG) - 1)
        assert poses.sum() == 4
        middle = YAW_EDGES_DEG.index(-15)
        assert poses[PITCH_EDGES_DEG.index(15), middle] == 2
        assert poses[PITCH_EDGES_DEG.index(-15), YAW_EDGES_DEG.index(-90)] == 1
        assert poses[0, -1] == 1

    def test_are_spread_and_written_as_json(self):
        rows = [row(frame, sharpness=float(frame)) for frame in range(11)]
        figures = track_figures(rows, CLIP)
        assert (figures.sharpness.low, figures.sharpness.median, figures.sharpness.high) == (1.0, 5.0, 9.0)
        read = json.loads(json.dumps(figures.to_json(), allow_nan=False))
        assert read["sharpness"] == {"low": 1.0, "median": 5.0, "high": 9.0}
        assert read["found"]["within_px"] == pytest.approx(0.0, abs=1e-3)

    def test_of_a_track_nobody_saw_have_no_score(self):
        figures = track_figures([row(0, origin=Origin.FILLED)], CLIP)
        assert figures.score is None
        assert figures.found is None
        json.dumps(figures.to_json(), allow_nan=False)

    def test_leave_other_clips_and_faces_without_a_track_out(self):
        assert clip_figures([row(0, track=-1)], CLIP) == []
