"""Is the mask made of the masks that the settings name, and is the target's own mouth kept where it is?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_sdk import FaceType, Mask, StageError, Swap
from understudy_sdk.face_masks import MASK_SIZE, face_mask, kept_mask
from understudy_sdk.landmarks import LEFT_EYE, MOUTH, NOSE, RIGHT_EYE
from understudy_sdk.mask_config import MaskConfig
from understudy_sdk.testing.values import plain_crop

GREY = Swap(np.full((32, 32, 3), 0.5, np.float32))


def square_mask(inset: int, size: int = MASK_SIZE) -> Mask:
    values = np.zeros((size, size), np.float32)
    values[inset : size - inset, inset : size - inset] = 1.0
    return Mask(values)


def along_the_middle(values):
    return values[MASK_SIZE // 2, : MASK_SIZE // 2]


def hard(**settings):
    return MaskConfig(mask_erode_px=0, mask_blur_px=0, **settings)


def test_without_erosion_and_blur_the_mask_is_the_maskers():
    mask = square_mask(60)
    np.testing.assert_array_equal(face_mask(hard(), GREY, mask), mask.values)


@pytest.mark.parametrize("size", [64, 128, 512])
def test_a_mask_of_another_size_covers_the_same_square(size):
    profile = along_the_middle(face_mask(hard(), GREY, square_mask(size // 4, size)))
    assert profile[: 64 - 4].max() < 0.05
    assert profile[64 + 4 :].min() > 0.95


@pytest.mark.parametrize("blur_px", [0, 16, 100])
@pytest.mark.parametrize("erode_px", [-100, 0, 30])
def test_the_squares_border_never_shows(erode_px, blur_px):
    config = MaskConfig(mask="full", mask_erode_px=erode_px, mask_blur_px=blur_px)
    values = face_mask(config, GREY, square_mask(0))
    assert max(values[0].max(), values[-1].max(), values[:, 0].max(), values[:, -1].max()) == 0.0
    assert values[MASK_SIZE // 2, MASK_SIZE // 2] > 0.9


def test_an_eroded_away_mask_is_empty():
    assert face_mask(MaskConfig(mask_erode_px=100), GREY, square_mask(90)).max() == 0.0


LEFT, TOP = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)
LEFT[:, :32], TOP[:32] = 1.0, 1.0
DIAGONAL = np.maximum(LEFT, TOP)  # all but the lower right quarter
LEARNED = Swap(GREY.rgb, source_mask=LEFT, target_mask=TOP)
FULL = replace(LEARNED, predicted_mask=DIAGONAL)


@pytest.mark.parametrize(
    ("choice", "swap", "quarters", "corner"),
    [
        ("target", FULL, "1111", 0),
        ("predicted", FULL, "1110", 1),
        ("target_predicted", FULL, "1110", 0),
        ("learned_source", FULL, "1010", 1),
        ("learned_target", FULL, "1100", 1),
        ("learned", FULL, "1000", 1),
        ("learned_sum", FULL, "1110", 1),
        ("all", FULL, "1000", 0),
        ("full", FULL, "1111", 1),
        ("auto", LEARNED, "1000", 0),
        ("auto", Swap(GREY.rgb), "1111", 0),
        ("auto", Swap(GREY.rgb, source_mask=LEFT), "1010", 0),
        ("auto", Swap(GREY.rgb, predicted_mask=DIAGONAL), "1110", 0),
    ],
)
def test_each_choice_takes_its_masks(choice, swap, quarters, corner):
    """Looks into the four quarters, row by row, and into a corner beyond the masker's mask."""
    values = face_mask(hard(mask=choice), swap, square_mask(16, 64))
    shown = "".join(str(int(values[y, x] > 0.5)) for y in (96, 160) for x in (96, 160))
    assert (shown, int(values[32, 32] > 0.5)) == (quarters, corner)


@pytest.mark.parametrize("choice", ["learned", "learned_source", "learned_target", "learned_sum"])
def test_a_mask_the_model_does_not_learn_is_an_error(choice):
    with pytest.raises(StageError, match=rf"mask: {choice} needs a model that learns .*\n.*mask: auto"):
        face_mask(MaskConfig(mask=choice), GREY, square_mask(10))


@pytest.mark.parametrize("choice", ["predicted", "target_predicted", "all"])
def test_a_mask_that_nobody_makes_of_the_swap_is_an_error(choice):
    with pytest.raises(
        StageError, match=rf"mask: {choice} needs a mask of the face that the model drew.*\n.*mask_swaps"
    ):
        face_mask(MaskConfig(mask=choice), LEARNED, square_mask(10))


@pytest.mark.parametrize(
    "settings", [{"mask_blur_px": -1}, {"mask_erode_px": 401}, {"mask": "xseg"}, {"masks": "full"}, {"keep_eyes": 2}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        MaskConfig(**settings)


def test_the_references_way_knows_no_sides():
    with pytest.raises(ValidationError, match="mask_erode_top_px, mask_blur_left_px or take mask_edge: inside"):
        MaskConfig(mask_edge="deepfacelab", mask_erode_top_px=3, mask_blur_left_px=2)


@pytest.mark.parametrize("face_type", [FaceType.FULL, FaceType.HEAD])
@pytest.mark.parametrize(("setting", "kept"), [("keep_eyes", (RIGHT_EYE, LEFT_EYE)), ("keep_mouth", (MOUTH,))])
def test_what_is_kept_lies_over_its_landmarks_and_nowhere_else(setting, kept, face_type):
    crop = plain_crop(size=128, face_type=face_type)
    values = kept_mask(MaskConfig(**{setting: 0.5}), crop)

    def at(part):
        x, y = (crop.landmarks[part] * 2).mean(axis=0)
        return values[round(float(y)), round(float(x))]

    for part in (RIGHT_EYE, LEFT_EYE, MOUTH):
        expected = 0.5 if part in kept else 0.0
        assert at(part) == pytest.approx(expected, abs=0.03)
    assert at(slice(30, 31)) < 0.02  # the nose's tip
    assert NOSE.start <= 30 < NOSE.stop
    assert values.max() <= 0.5


def test_nothing_is_kept_unless_asked_for():
    assert kept_mask(MaskConfig(), plain_crop()) is None


@pytest.mark.parametrize("edge", ["inside", "deepfacelab"])
def test_pads_keep_the_crops_borders_whatever_the_mask_says(edge):
    pads = {"pad_top_percent": 25, "pad_left_percent": 10}
    config = MaskConfig(mask="full", mask_edge=edge, mask_blur_px=0, **pads)
    values = face_mask(config, Swap(np.zeros((64, 64, 3), np.float32)), Mask(np.ones((8, 8), np.float32)))
    rows, columns = np.nonzero(values >= 0.5)
    assert len(values) == 256
    assert (rows.min(), columns.min()) == (64, 26)  # 25.6 px are kept; of the pixel that is cut, 0.4 show
    assert min(rows.max(), columns.max()) >= 253
    assert values[100, 25] == pytest.approx(0.4, abs=0.01)


def test_a_pad_holds_where_the_edge_grows_and_the_soft_edge_comes_after_it():
    config = MaskConfig(mask="target", mask_erode_px=-40, mask_blur_px=16, pad_right_percent=40)
    values = face_mask(config, Swap(np.zeros((64, 64, 3), np.float32)), square_mask(60))
    assert values[:, 154:].max() == 0.0
    assert 0.0 < values[128, 150] < values[128, 146] < 1.0


def test_pads_that_leave_nothing_are_refused():
    with pytest.raises(ValidationError, match="leave nothing of the crop"):
        MaskConfig(pad_top_percent=60, pad_bottom_percent=40)
