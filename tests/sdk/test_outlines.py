"""Are outlines filled by the share of each pixel they cover, and widened by as much as was asked?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.outline_config import OutlineConfig, Sides
from understudy_sdk.outlines import FINENESS, fill_convex, to_finer, widened

SQUARE = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]])
NO_SIDES = Sides(0, 0, 0, 0)


def filled(points, size=40, sides=NO_SIDES, fineness=FINENESS):
    return fill_convex([widened(to_finer(points, fineness), sides)], size, fineness)


def test_a_pixel_is_the_share_that_is_covered():
    values = filled(SQUARE)
    assert values.dtype == np.float32
    assert values[11:20, 11:20].min() == 1.0
    # half a pixel on each side, and the border that is drawn with it
    assert (values[15, 10], values[15, 20]) == (0.5, 0.75)
    assert values[:10].max() == values[21:].max() == 0.0
    assert set(np.unique(values * 16 % 1)) == {0.0}  # sixteenths, exactly


def test_without_fineness_pixels_are_whole():
    values = filled(SQUARE, fineness=1)
    assert set(np.unique(values)) == {0.0, 1.0}
    assert values.sum() == 11 * 11  # the border belongs to it


@pytest.mark.parametrize("shift", [(-15, 0), (0, 25), (-15, -15), (25, 25)])
def test_what_reaches_over_the_edge_is_as_in_a_larger_mask(shift):
    points = SQUARE + shift
    larger = filled(points + 40, 120)
    np.testing.assert_array_equal(filled(points), larger[40:80, 40:80])


def test_far_away_or_nothing_is_empty():
    assert filled(SQUARE + 1000).max() == filled(SQUARE - 1000).max() == 0.0
    assert fill_convex([], 8).shape == (8, 8)


def test_several_outlines_are_united():
    outlines = [widened(to_finer(SQUARE + move), NO_SIDES) for move in (0, 4, 15)]
    united = fill_convex(outlines, 40)
    alone = np.stack([fill_convex([one], 40) for one in outlines])
    assert (united >= alone.max(axis=0)).all()
    assert (united <= alone.sum(axis=0)).all()


def test_sides_move_by_themselves():
    hull = widened(
        np.array([[100, 100], [200, 100], [200, 300], [100, 300]]), Sides(left=8, top=16, right=0, bottom=40)
    )
    assert hull[:, 0].min() == 92
    assert hull[:, 0].max() == 200
    assert hull[:, 1].min() == 84
    assert hull[:, 1].max() == 340


def test_a_point_grows_into_an_ellipse():
    hull = widened(np.array([[0, 0]]), Sides(400, 200, 400, 200)).astype(float)
    on_ellipse = np.hypot(hull[:, 0] / 400, hull[:, 1] / 200)
    np.testing.assert_allclose(on_ellipse, 1.0, atol=0.01)


def test_settings_are_counted_at_256():
    config = OutlineConfig(expand_top_px=12, expand_left_px=3)
    assert config.sides(256) == (3, 12, 0, 0)
    assert config.sides(1024) == (12, 48, 0, 0)
