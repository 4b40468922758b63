"""Does the eyes and mouth masker draw what the reference trains with?"""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_plugins.masker.eyes_mouth import EyesMouthConfig
from understudy_plugins.masker.eyes_mouth.masker import EyesMouthMasker
from understudy_sdk import Crop, FaceType
from understudy_sdk.testing.values import plain_landmarks


@pytest.fixture(scope="module")
def alignment(golden):
    with np.load(golden / "alignment.npz") as arrays:
        return dict(arrays)


def mask_of(landmarks, size=128, **settings):
    crop = Crop(np.zeros((size, size, 3), np.uint8), np.eye(2, 3), FaceType.WHOLE_FACE, landmarks.astype(np.float32))
    return EyesMouthMasker(EyesMouthConfig(**settings)).mask([crop])[0].values


@pytest.mark.parametrize("region", ["eyes", "mouth"])
def test_hard_regions_match_the_reference(alignment, region):
    expected = alignment[f"masks.{region}"][..., 0]
    values = mask_of(alignment["masks.landmarks_aligned128_wf"], regions=(region,), edges="hard")
    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_the_default_is_both_added(alignment):
    landmarks = alignment["masks.landmarks_aligned128_wf"]
    both = np.clip(alignment["masks.eyes"] + alignment["masks.mouth"], 0, 1)[..., 0]
    np.testing.assert_allclose(mask_of(landmarks, edges="hard"), both, atol=1e-6)
    assert np.abs(mask_of(landmarks) - both).mean() < 0.006  # smooth edges: the same regions


@pytest.mark.parametrize(
    ("region", "inside", "outside"),
    [
        ("eyes", [range(36, 42), range(42, 48)], [range(17, 27), range(48, 68)]),
        ("brows", [range(17, 22), range(22, 27)], [range(48, 68), [8]]),
        ("mouth", [range(60, 68)], [range(36, 48), range(17, 27)]),
        ("lips", [range(48, 68)], [range(36, 48), range(17, 27)]),
    ],
)
def test_regions_lie_at_their_landmarks(region, inside, outside):
    landmarks = plain_landmarks(256, FaceType.WHOLE_FACE)
    values = mask_of(landmarks, 256, regions=(region,), blur_px=0, grow_px=2)

    def at(points):
        return [values[tuple(landmarks[list(group)].mean(axis=0).astype(int)[::-1])] for group in points]

    assert min(at(inside)) == 1.0
    assert max(values[int(landmarks[i, 1]), int(landmarks[i, 0])] for group in outside for i in group) == 0.0


def test_smooth_regions_follow_moves_of_less_than_a_pixel():
    landmarks = plain_landmarks(128, FaceType.WHOLE_FACE)
    centers = []
    for move in (0.0, 0.25, 0.5, 0.75, 1.0):
        values = mask_of(landmarks + np.array([move, 0.0]))
        centers.append((values.sum(axis=0) * np.arange(128)).sum() / values.sum())
    np.testing.assert_allclose(np.diff(centers), 0.25, atol=0.02)


def test_growth_and_blur_are_what_they_say():
    landmarks = plain_landmarks(256, FaceType.WHOLE_FACE)
    bare, grown = (mask_of(landmarks, 256, regions=("lips",), grow_px=grow, blur_px=0) for grow in (0, 10))
    columns = [np.flatnonzero(values.max(axis=0) > 0.5) for values in (bare, grown)]
    assert columns[0][0] - columns[1][0] == pytest.approx(10, abs=1)
    assert columns[1][-1] - columns[0][-1] == pytest.approx(10, abs=1)
    soft = mask_of(landmarks, 256, regions=("lips",), grow_px=10, blur_px=16)
    assert ((soft > 0.02) & (soft < 0.98)).sum() > 4 * ((grown > 0.02) & (grown < 0.98)).sum()


def test_no_region_is_refused():
    with pytest.raises(ValidationError, match="at least 1"):
        EyesMouthConfig(regions=())
