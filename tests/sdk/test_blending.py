"""Does the face's mask have the shape the settings ask for, and does the face land on the face?"""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_sdk import Crop, FaceType, Mask, Region, StageError, Swap
from understudy_sdk.blend_config import BlendConfig
from understudy_sdk.blending import MASK_SIZE, face_mask, lay_face
from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.testing.values import plain_crop

GREY = Swap(np.full((32, 32, 3), 0.5, np.float32))


def square_mask(inset: int, size: int = MASK_SIZE) -> Mask:
    values = np.zeros((size, size), np.float32)
    values[inset : size - inset, inset : size - inset] = 1.0
    return Mask(values)


def along_the_middle(values):
    return values[MASK_SIZE // 2, : MASK_SIZE // 2]


def hard(**settings):
    return BlendConfig(mask_erode_px=0, mask_blur_px=0, **settings)


def test_without_erosion_and_blur_the_mask_is_the_maskers():
    mask = square_mask(60)
    np.testing.assert_array_equal(face_mask(hard(), GREY, mask), mask.values)


@pytest.mark.parametrize("size", [64, 128, 512])
def test_a_mask_of_another_size_covers_the_same_square(size):
    profile = along_the_middle(face_mask(hard(), GREY, square_mask(size // 4, size)))
    assert profile[: 64 - 4].max() < 0.05
    assert profile[64 + 4 :].min() > 0.95


@pytest.mark.parametrize("erode_px", [-20, -5, 5, 20])
def test_erosion_moves_the_edge_by_its_pixels(erode_px):
    config = BlendConfig(mask_erode_px=erode_px, mask_blur_px=0)
    profile = along_the_middle(face_mask(config, GREY, square_mask(60)))
    assert np.flatnonzero(profile)[0] == 60 + erode_px


@pytest.mark.parametrize("blur_px", [4, 16, 48])
def test_the_soft_edge_lies_inside_the_mask_and_is_as_wide_as_asked(blur_px):
    profile = along_the_middle(face_mask(BlendConfig(mask_blur_px=blur_px), GREY, square_mask(50)))
    assert (np.diff(profile) >= 0.0).all()
    assert profile[:49].max() == 0.0
    assert profile[50 + blur_px :].min() > 0.999
    assert profile[50 + blur_px // 2] == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("blur_px", [0, 16, 100])
@pytest.mark.parametrize("erode_px", [-100, 0, 30])
def test_the_squares_border_never_shows(erode_px, blur_px):
    config = BlendConfig(mask="full", mask_erode_px=erode_px, mask_blur_px=blur_px)
    values = face_mask(config, GREY, square_mask(0))
    assert max(values[0].max(), values[-1].max(), values[:, 0].max(), values[:, -1].max()) == 0.0
    assert values[MASK_SIZE // 2, MASK_SIZE // 2] > 0.9


def test_an_eroded_away_mask_is_empty():
    assert face_mask(BlendConfig(mask_erode_px=100), GREY, square_mask(90)).max() == 0.0


def test_each_choice_takes_its_masks():
    rgb = GREY.rgb
    left, top = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)
    left[:, :32], top[:32] = 1.0, 1.0
    swap, masker = Swap(rgb, source_mask=left, target_mask=top), square_mask(16, 64)

    def shown(choice, swap=swap):
        values = face_mask(hard(mask=choice), swap, masker)
        inside = [values[y, x] > 0.5 for y in (96, 160) for x in (96, 160)]
        return inside, values[32, 32] > 0.5  # the four quarters, and a corner beyond the masker's mask

    assert shown("target") == ([True, True, True, True], False)
    assert shown("learned_source") == ([True, False, True, False], True)
    assert shown("learned_target") == ([True, True, False, False], True)
    assert shown("learned") == ([True, False, False, False], True)
    assert shown("full") == ([True, True, True, True], True)
    assert shown("auto") == ([True, False, False, False], False)
    assert shown("auto", Swap(rgb)) == shown("target")
    assert shown("auto", Swap(rgb, source_mask=left)) == ([True, False, True, False], False)


@pytest.mark.parametrize("choice", ["learned", "learned_source", "learned_target"])
def test_a_mask_the_model_does_not_learn_is_an_error(choice):
    with pytest.raises(StageError, match=rf"mask: {choice} needs a model that learns .*\n.*mask: auto"):
        face_mask(BlendConfig(mask=choice), GREY, square_mask(10))


@pytest.mark.parametrize(
    "settings", [{"mask_blur_px": -1}, {"mask_erode_px": 129}, {"mask": "xseg"}, {"masks": "full"}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        BlendConfig(**settings)


@pytest.mark.parametrize("swap_size", [40, 64, 200])
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_face_lands_on_the_face(scale, swap_size):
    """A dot drawn in the swap appears where the crop's affine says that it is in the frame."""
    angle = 0.4
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    crop_to_frame = np.column_stack([rotation, (40.0 + 32 * scale, 30.0)])
    crop = Crop(plain_crop().rgb, invert(crop_to_frame), FaceType.FULL, plain_crop().landmarks)
    row, column = np.mgrid[0:swap_size, 0:swap_size] * (64.0 / swap_size)
    dot = np.exp(-(np.square(column - 20.0) + np.square(row - 36.0)) / (2 * 3.0**2)).astype(np.float32)
    swap = Swap(np.stack([dot, dot, dot], axis=-1))
    region = Region(np.zeros((300, 320, 3), np.float32), x0=7, y0=5)
    layer = lay_face(hard(mask="full", color_transfer="none"), region, swap, crop, square_mask(0))
    weight = layer.rgb[..., 0] * layer.mask
    y, x = (float((index * weight).sum() / weight.sum()) for index in np.mgrid[0:300, 0:320])
    expected = transform_points(crop_to_frame, np.array([(20.0, 36.0)]))[0] - (7, 5)
    np.testing.assert_allclose((x, y), expected, atol=0.1 * max(1.0, scale))


def test_colours_come_from_the_face_it_covers():
    crop, swap = plain_crop(200), Swap(np.random.default_rng(1).uniform(0.0, 0.3, (64, 64, 3)).astype(np.float32))
    region = Region(np.zeros((80, 96, 3), np.float32), 0, 0)
    kept = lay_face(BlendConfig(color_transfer="none"), region, swap, crop, square_mask(40))
    moved = lay_face(BlendConfig(color_transfer="rct"), region, swap, crop, square_mask(40))
    shown = kept.mask > 0.9
    assert kept.rgb[shown].mean() == pytest.approx(0.15, abs=0.01)
    assert moved.rgb[shown].mean() == pytest.approx(200 / 255, abs=0.02)
