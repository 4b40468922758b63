"""Is the raw face the model's, over its mask or over its whole square?"""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_plugins.merger.raw import RawConfig
from understudy_plugins.merger.raw.merger import RawMerger
from understudy_sdk import Mask, Swap
from understudy_sdk.testing.values import CROP_OFFSET, plain_crop, plain_region

SWAP = Swap(np.random.default_rng(1).random((64, 64, 3)).astype(np.float32))
X, Y = CROP_OFFSET
SQUARE = np.s_[Y + 1 : Y + 63, X + 1 : X + 63]


def laid(**settings):
    values = np.zeros((64, 64), np.float32)
    values[20:44, 20:44] = 1.0
    return RawMerger(RawConfig(mask="target", **settings)).merge(plain_region(), SWAP, plain_crop(), Mask(values))


def test_square_is_the_models_picture_to_its_border():
    layer = laid(over="square")
    np.testing.assert_allclose(layer.rgb[SQUARE], SWAP.rgb[1:63, 1:63], atol=1e-6)
    assert layer.mask[SQUARE].min() == 1.0
    assert layer.mask[:, : X - 2].max() == 0.0


def test_mask_shows_no_more_than_the_mask():
    layer = laid(mask_blur_px=8)
    shown = layer.mask[SQUARE] > 0
    np.testing.assert_allclose(layer.rgb[SQUARE][shown], SWAP.rgb[1:63, 1:63][shown], atol=1e-6)
    assert layer.mask[Y + 32, X + 32] == 1.0
    assert layer.mask[Y + 10, X + 10] == 0.0


def test_colours_are_no_setting_of_it():
    with pytest.raises(ValidationError, match="color_transfer"):
        RawConfig(color_transfer="rct")
