"""Do numbers become light by the standards' curves, and come back to where they were?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import ColorDescription
from understudy_sdk.linear_light import from_light, has_light, to_light

LEVELS = np.linspace(-0.1, 1.1, 1201, dtype=np.float32).reshape(1, -1, 1).repeat(3, axis=2)


@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 13, 14, 15])
def test_there_and_back_ends_where_it_began(transfer):
    color = ColorDescription(transfer=transfer, bit_depth=10)
    assert has_light(color)
    light = to_light(LEVELS, color)
    assert (np.diff(light[0, :, 0]) > 0).all()
    np.testing.assert_allclose(from_light(light, color), LEVELS, atol=0.05 / 1023)


@pytest.mark.parametrize(("transfer", "level", "light"), [(1, 0.5, 0.2597), (13, 0.5, 0.2140), (4, 0.5, 0.2176)])
def test_middle_grey_lies_where_the_standard_has_it(transfer, level, light):
    grey = np.full((1, 1, 3), level, np.float32)
    np.testing.assert_allclose(to_light(grey, ColorDescription(transfer=transfer)), light, atol=2e-4)


@pytest.mark.parametrize("transfer", [16, 18, 8, 2])
def test_pq_hlg_and_unknown_curves_stay_as_they_are(transfer):
    color = ColorDescription(transfer=transfer)
    assert not has_light(color)
    assert to_light(LEVELS, color) is LEVELS
    assert from_light(LEVELS, color) is LEVELS
