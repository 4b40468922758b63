"""Does a mask's edge move and soften by its pixels, on each side by its own?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.mask_edges import moved_edge, reference_edge, soft_edge

SIZE = 256


def square(inset, size=SIZE):
    values = np.zeros((size, size), np.float32)
    values[inset : size - inset, inset : size - inset] = 1.0
    return values


def edges(values, level=0.5):
    """Return where the mask's left, upper, right and lower edges lie, along its middle."""
    row, column = np.flatnonzero(values[SIZE // 2] > level), np.flatnonzero(values[:, SIZE // 2] > level)
    return row[0], column[0], row[-1] + 1, column[-1] + 1


@pytest.mark.parametrize("px", [-60, -20, -5, 1, 5, 20, 60])
def test_edge_moves_by_its_pixels(px):
    assert edges(moved_edge(square(64), (px,) * 4)) == pytest.approx((64 + px, 64 + px, 192 - px, 192 - px), abs=1)


def test_each_side_moves_by_its_own():
    assert edges(moved_edge(square(60), (3, 7, -4, 11))) == (63, 67, 200, 185)


def test_a_round_mask_stays_round():
    row, column = np.mgrid[0:SIZE, 0:SIZE] - SIZE / 2
    for px in (10, 40):
        moved = moved_edge((np.hypot(row, column) < 100).astype(np.float32), (px,) * 4) > 0.5
        radius = np.hypot(row, column)
        assert radius[moved].max() < 101.5 - px
        assert radius[~moved].min() > 98.5 - px


@pytest.mark.parametrize("blur_px", [4, 16, 48])
def test_the_soft_edge_lies_inside_the_mask_and_is_as_wide_as_asked(blur_px):
    profile = soft_edge(square(50), (blur_px,) * 4)[SIZE // 2, : SIZE // 2]
    assert (np.diff(profile) >= 0.0).all()
    assert profile[:49].max() == 0.0
    assert profile[50 + blur_px :].min() > 0.999
    assert profile[50 + blur_px // 2] == pytest.approx(0.5, abs=0.2)


def test_each_side_is_as_soft_as_asked():
    values = soft_edge(square(50), (4, 40, 4, 4))
    across, down = values[SIZE // 2], values[:, SIZE // 2]
    alike = soft_edge(square(50), (4,) * 4)[SIZE // 2]
    np.testing.assert_allclose(across, alike, atol=1e-3)  # left and right as if nothing were soft above
    np.testing.assert_allclose(down[::-1][: SIZE // 2], alike[: SIZE // 2], atol=1e-3)  # and below
    assert down[:50].max() == 0.0
    assert down[60] < 0.2
    assert down[91:128].min() > 0.99


@pytest.mark.parametrize("blur_px", [(16,) * 4, (0, 30, 8, 16)])
def test_the_frame_along_the_border_stays_empty(blur_px):
    values = soft_edge(np.ones((SIZE, SIZE), np.float32), blur_px, 3.0)
    inner = np.zeros((SIZE, SIZE), bool)
    inner[3:-3, 3:-3] = True
    assert values[~inner].max() == 0.0
    assert values[SIZE // 2, SIZE // 2] == 1.0
    assert values[SIZE // 2, 3 + round(blur_px[0])] > 0.9


def test_the_references_edge_is_blurred_across():
    values = reference_edge(square(80), 0, 21)[SIZE // 2]
    assert values[80 - 8] > 0.0
    assert values[80 + 5] < 1.0
    assert (values[79] + values[80]) / 2 == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("erode", [-20, 20])
def test_the_references_erosion_is_half_as_wide_as_its_number(erode):
    assert edges(reference_edge(square(80), erode, 0))[0] == pytest.approx(80 + erode / 2, abs=1)
