"""Are gaps of a track filled from both sides, and nothing else?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy.steadiness import SUPPORT_S, fill_gaps
from understudy_sdk import Face, InvalidValueError
from understudy_sdk.landmarks import TEMPLATE

FRAME_S = 1 / 30


def mean_face():
    angles = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.6 * np.cos(angles), 0.2 + 0.9 * np.sin(angles)], axis=1)
    return np.concatenate([jaw, TEMPLATE])


def face_at(time, with_mesh=True):
    """Return a face that moves on a curve, turns and comes nearer."""
    side, angle = 100.0 * (1.0 + 0.5 * time), 0.6 * time
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = side * (mean_face() - 0.5) @ turn.T + (200 + 120 * time + 80 * time**2, 150 - 60 * time**2)
    low, high = points.min(axis=0), points.max(axis=0)
    mesh = np.column_stack([points, np.full(68, 0.3 * side)])[::2].astype(np.float32) if with_mesh else None
    return Face(np.concatenate([low, high]).astype(np.float32), 0.9, landmarks=points.astype(np.float32), mesh=mesh)


def track(places):
    times = np.array(places) * FRAME_S
    return times, [face_at(time) for time in times]


def test_a_gap_is_filled_along_the_curve():
    times, faces = track([*range(12), *range(17, 30)])
    missing = np.arange(12, 17) * FRAME_S
    for face, time in zip(fill_gaps(times, faces, missing, max_gap_s=0.5), missing, strict=True):
        truth = face_at(time)
        np.testing.assert_allclose(face.landmarks, truth.landmarks, atol=0.15)
        np.testing.assert_allclose(face.mesh, truth.mesh, atol=0.15)
        np.testing.assert_allclose(face.box, truth.box, atol=1.0)
        assert face.score == 0.0
        assert face.eyes is None


def test_a_gap_between_single_faces_is_filled_straight():
    times, faces = track([0, 4])
    made = fill_gaps(times, faces, np.array([2]) * FRAME_S, max_gap_s=0.5)[0]
    np.testing.assert_allclose(made.landmarks, (faces[0].landmarks + faces[1].landmarks) / 2, atol=0.3)


def test_the_ends_of_a_gap_are_met():
    random = np.random.default_rng(0)
    times, faces = track([*range(6), *range(10, 16)])
    faces = [
        Face(face.box, 0.9, landmarks=face.landmarks + random.normal(0, 2, (68, 2)).astype(np.float32))
        for face in faces
    ]
    close = np.array([times[5] + 1e-9, times[6] - 1e-9])
    made = fill_gaps(times, faces, close, max_gap_s=0.5)
    np.testing.assert_allclose(made[0].landmarks, faces[5].landmarks, atol=1e-3)
    np.testing.assert_allclose(made[1].landmarks, faces[6].landmarks, atol=1e-3)
    assert made[0].mesh is None


def test_nothing_else_is_filled():
    times, faces = track([3, 4, 5, 9, 10, 20, 21])
    missing = np.array([0, 1, 2, 6, 7, 8, 11, 15, 19, 22, 40]) * FRAME_S
    made = fill_gaps(times, faces, missing, max_gap_s=4 * FRAME_S)
    assert [face is not None for face in made] == [*[False] * 3, *[True] * 3, *[False] * 5]
    assert fill_gaps(times, faces, times, max_gap_s=9.0) == [None] * len(times), "a face is there already"
    assert fill_gaps(times, faces, np.empty(0), max_gap_s=9.0) == []
    assert fill_gaps(np.empty(0), [], missing, max_gap_s=9.0) == [None] * len(missing)


def test_faces_far_from_a_gap_have_no_say():
    times, faces = track([*range(20), *range(23, 40)])
    missing = np.array([20, 21, 22]) * FRAME_S
    near = (times >= times[19] - SUPPORT_S) & (times <= times[20] + SUPPORT_S)
    whole = fill_gaps(times, faces, missing, max_gap_s=0.5)
    part = fill_gaps(
        times[near], [face for face, is_near in zip(faces, near, strict=True) if is_near], missing, max_gap_s=0.5
    )
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one.landmarks, other.landmarks)


def test_times_that_do_not_ascend_are_refused():
    times, faces = track([0, 2, 1])
    with pytest.raises(InvalidValueError, match="ascending"):
        fill_gaps(times, faces, np.array([0.01]), max_gap_s=1.0)
