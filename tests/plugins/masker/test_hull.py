"""Does the hull masker draw what the reference draws, and smoothly?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.masker.hull import HullConfig
from understudy_plugins.masker.hull.masker import HullMasker
from understudy_sdk import Crop, FaceType
from understudy_sdk.testing.values import plain_crop


@pytest.fixture(scope="module")
def alignment(golden):
    with np.load(golden / "alignment.npz") as arrays:
        return dict(arrays)


def crop_with(landmarks, size):
    landmarks = landmarks.astype(np.float32)
    return Crop(np.zeros((size, size, 3), np.uint8), np.eye(2, 3), FaceType.WHOLE_FACE, landmarks)


def mask_of(landmarks, size, **settings):
    return HullMasker(HullConfig(**settings)).mask([crop_with(landmarks, size)])[0].values


@pytest.mark.parametrize("expansion", [0.5, 1.0, 2.0])
def test_hard_masks_match_the_reference_to_the_pixel(alignment, expansion):
    values = mask_of(alignment["masks.landmarks_aligned128_wf"], 128, brow_expansion=expansion, edges="hard")
    np.testing.assert_array_equal(values * 255, alignment[f"masks.hull_{expansion}_u8"])


def test_smooth_masks_cover_the_same_face(alignment):
    landmarks = alignment["masks.landmarks_aligned128_wf"]
    smooth, hard = mask_of(landmarks, 128), mask_of(landmarks, 128, edges="hard")
    assert np.abs(smooth - hard).mean() < 0.015
    assert (smooth[hard == 0.0] < 1.0).all()


def test_smooth_masks_follow_moves_of_less_than_a_pixel():
    landmarks = plain_crop(size=128).landmarks
    centers = []
    for move in (0.0, 0.25, 0.5, 0.75, 1.0):
        values = mask_of(landmarks + np.array([move, 0.0]), 128)
        centers.append((values.sum(axis=0) * np.arange(128)).sum() / values.sum())
    np.testing.assert_allclose(np.diff(centers), 0.25, atol=0.05)


def test_more_expansion_takes_in_more_forehead():
    landmarks = plain_crop(size=128).landmarks
    areas = [mask_of(landmarks, 128, brow_expansion=expansion).sum() for expansion in (0.0, 1.0, 3.0)]
    assert areas == sorted(areas)
    assert areas[0] < areas[2]


def test_landmarks_beyond_the_crop_are_cut_off():
    values = mask_of(plain_crop(size=64).landmarks * 2.0, 64)
    assert values[32, 32] == 1.0
    assert values[:, -1].max() == 1.0


def spans_of(values):
    rows, columns = (np.flatnonzero(values.max(axis=axis) > 0.5) for axis in (1, 0))
    return np.array([rows[0], rows[-1], columns[0], columns[-1]])


@pytest.mark.parametrize("edges", ["smooth", "hard"])
@pytest.mark.parametrize(
    ("side", "moved"),
    [("top", (-10, 0, 0, 0)), ("bottom", (0, 10, 0, 0)), ("left", (0, 0, -10, 0)), ("right", (0, 0, 0, 10))],
)
def test_each_side_grows_by_itself(side, moved, edges):
    landmarks = plain_crop(size=128).landmarks
    before, after = (
        mask_of(landmarks, 128, edges=edges),
        mask_of(landmarks, 128, edges=edges, **{f"expand_{side}_px": 20}),
    )
    np.testing.assert_allclose(spans_of(after) - spans_of(before), moved, atol=1)
    assert (after >= before).all()


def test_growth_is_counted_at_256():
    spans = [
        (
            spans_of(mask_of(plain_crop(size=size).landmarks, size, expand_left_px=24))
            - spans_of(mask_of(plain_crop(size=size).landmarks, size))
        )[2]
        / size
        for size in (64, 256, 512)
    ]
    np.testing.assert_allclose(spans, -24 / 256, atol=1 / 64)


def test_a_face_outside_the_crop_leaves_nothing():
    assert mask_of(plain_crop(size=64).landmarks + 5000.0, 64).max() == 0.0
