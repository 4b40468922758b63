"""Does chroma come back unharmed from the luma grid, and stay where nothing changed?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy.video.chroma import bring_down, bring_up, cells_touched


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("is_between", [False, True])
@pytest.mark.parametrize("cut", [0, 1])
def test_down_undoes_up_over_the_whole_picture(axis, factor, is_between, cut):
    """Also in pictures of odd size, whose last cell is incomplete."""
    cut = cut if factor > 1 else 0
    coarse = np.random.default_rng(3).random((9, 7), np.float32)
    padding = [(1, 1) if axis == 0 else (0, 0), (1, 1) if axis == 1 else (0, 0)]
    fine = bring_up(np.pad(coarse, padding, mode="edge"), axis, factor, is_between=is_between)
    fine = fine[: fine.shape[0] - cut * (axis == 0), : fine.shape[1] - cut * (axis == 1)]
    back = bring_down(fine, axis, factor, is_between=is_between, at_edges=(True, True))
    if is_between and cut:  # what the missing row would say is lost for the last sample, and with it for its neighbour
        back, coarse = (part[:-2] if axis == 0 else part[:, :-2] for part in (back, coarse))
    assert np.abs(back - coarse).max() < 1e-5


def test_up_interpolates_at_the_samples_places():
    coarse = np.array([[0, 0, 8, 16, 16]], np.float32)  # one beyond either end
    assert bring_up(coarse, 1, 2, is_between=False).tolist() == [[0, 4, 8, 12, 16, 16]]
    assert bring_up(coarse, 1, 2, is_between=True).tolist() == [[0, 2, 6, 10, 14, 16]]
    assert bring_up(coarse, 1, 4, is_between=False).tolist() == [[0] * 4 + [8] * 4 + [16] * 4]


def test_an_even_change_stays_even_at_the_edge_of_the_picture():
    change = np.ones((6, 8), np.float32)
    for is_between in (False, True):
        assert np.allclose(bring_down(change, 1, 2, is_between=is_between, at_edges=(True, True)), 1)


def test_cells_are_touched_by_any_of_their_own_samples():
    covered = np.zeros((5, 7), bool)
    covered[1, 2] = covered[4, 6] = True
    assert np.argwhere(cells_touched(covered, 2, 2)).tolist() == [[0, 1], [2, 3]]
    assert np.argwhere(cells_touched(covered, 1, 1)).tolist() == [[1, 2], [4, 6]]
    assert np.argwhere(cells_touched(covered, 4, 1)).tolist() == [[1, 0], [4, 1]]
