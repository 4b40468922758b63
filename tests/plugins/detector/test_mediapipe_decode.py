"""Do the network's numbers become the right boxes? Against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.detector.mediapipe.decode import (
    FULL_GRIDS,
    SHORT_GRIDS,
    Found,
    anchor_centres,
    best_of,
    decode,
    join,
    nesting,
    overlap,
)


def found(*rows: tuple[float, float, float, float, float]) -> Found:
    """Give faces of these boxes and scores; every keypoint lies at the box's top-left corner."""
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Found(values[:, :4], np.repeat(values[:, None, :2], 6, axis=1), values[:, 4])


def test_full_range_has_2304_anchors_in_the_middle_of_4_px_cells():
    anchors = anchor_centres(FULL_GRIDS)
    assert anchors.shape == (2304, 2)
    assert anchors.dtype == np.float32
    np.testing.assert_allclose(anchors[0] * 192, [2, 2])
    np.testing.assert_allclose(anchors[1] * 192, [6, 2])  # x runs first
    np.testing.assert_allclose(anchors[-1] * 192, [190, 190], rtol=1e-6)


def test_short_range_has_896_anchors_two_then_six_to_a_cell():
    anchors = anchor_centres(SHORT_GRIDS)
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[[0, 1, 2]] * 128, [[4, 4], [4, 4], [12, 4]])
    np.testing.assert_allclose(anchors[[512, 517, 518]] * 128, [[8, 8], [8, 8], [24, 8]])


def test_decodes_a_box_by_hand():
    raw = np.zeros((2, 16), np.float32)
    raw[1, :4] = [10, -20, 40, 60]
    raw[1, 4:8] = [-10, -30, 30, -28]  # right eye, left eye
    anchors = np.array([[0.1, 0.1], [0.5, 0.5]], np.float32)
    boxes, points, scores = decode(raw, np.array([-9, 0], np.float32), anchors, 100, 0.5)
    np.testing.assert_allclose(boxes, [[0.4, 0.0, 0.8, 0.6]], atol=1e-6)
    np.testing.assert_allclose(points[0, :2], [[0.4, 0.2], [0.8, 0.22]], atol=1e-6)
    np.testing.assert_allclose(scores, [0.5])


def test_decode_sorts_by_score_and_drops_boxes_without_extent():
    raw = np.zeros((3, 16), np.float32)
    raw[:2, 2:4] = 10
    _, _, scores = decode(raw, np.array([1, 2, 3], np.float32), np.zeros((3, 2), np.float32), 100, 0.5)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp([-2.0, -1.0])), rtol=1e-6)


@pytest.mark.parametrize(("logit", "score"), [(-1e4, 0.0), (1e4, 1.0)])
def test_extreme_logits_stay_between_0_and_1(logit, score):
    raw = np.ones((1, 16), np.float32)
    _, _, scores = decode(raw, np.array([logit], np.float32), np.zeros((1, 2), np.float32), 100, 0.0)
    np.testing.assert_allclose(scores, [score], atol=1e-6)


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [2, 2, 4, 4]], np.float32)
    np.testing.assert_allclose(overlap(boxes[0], boxes), [1, 1 / 3, 0])


def test_join_averages_overlapping_faces_by_score():
    joined = join(found((0, 0, 10, 10, 0.75), (2, 0, 12, 10, 0.25), (30, 30, 40, 40, 0.2)), 0.3)
    np.testing.assert_allclose(joined.boxes, [[0.5, 0, 10.5, 10], [30, 30, 40, 40]])
    np.testing.assert_allclose(joined.points[0], np.broadcast_to([0.5, 0], (6, 2)))
    np.testing.assert_allclose(joined.scores, [0.75, 0.2])


def test_join_of_nothing_is_nothing():
    boxes, points, scores = join(found(), 0.3)
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 6, 2)
    assert scores.shape == (0,)


def test_best_of_keeps_the_better_of_two_searches():
    kept = best_of(found((0, 0, 10, 10, 0.6), (1, 0, 11, 10, 0.9), (30, 30, 40, 40, 0.7)), 0.3)
    np.testing.assert_allclose(kept.scores, [0.9, 0.7])
    np.testing.assert_allclose(kept.boxes[0], [1, 0, 11, 10])


def test_a_box_around_a_better_one_is_the_same_face():
    kept = best_of(found((0, 0, 30, 30, 0.6), (10, 10, 20, 20, 0.9)), 0.3)
    np.testing.assert_allclose(kept.boxes, [[10, 10, 20, 20]])


def test_nesting_is_intersection_over_the_smaller_area():
    boxes = np.array([[0, 0, 4, 4], [1, 1, 3, 3], [3, 0, 7, 4], [5, 5, 6, 6]], np.float32)
    np.testing.assert_allclose(nesting(boxes[0], boxes), [1, 1, 1 / 4, 0])
