"""Do turned and mirrored pictures stand upright, and boxes with them?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from understudy.video.orientation import Orientation, orientation_of

ALL = [Orientation(*kind) for kind in itertools.product((False, True), repeat=3)]
ONE = 1 << 16


@pytest.mark.parametrize(
    ("matrix", "rotation"),
    [
        ((ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), 0),
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), 90),
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), 180),
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30), 270),
    ],
)
def test_reads_quarter_turns(matrix, rotation):
    orientation = orientation_of(matrix)
    assert orientation.rotation == rotation
    picture = np.arange(12).reshape(3, 4)
    assert np.array_equal(orientation.upright(picture), np.rot90(picture, rotation // 90))


def test_reads_a_mirror():
    mirrored = orientation_of((-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30))
    assert mirrored.upright(np.array([[1, 2, 3]])).tolist() == [[3, 2, 1]]


@pytest.mark.parametrize("orientation", ALL)
def test_stored_undoes_upright(orientation):
    picture = np.arange(24).reshape(3, 4, 2)
    assert np.array_equal(orientation.stored(orientation.upright(picture)), picture)


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_copy_is_the_view_laid_out_anew(orientation, dtype):
    wide = np.arange(3 * 5 * 3, dtype=dtype).reshape(3, 5, 3)
    copy = orientation.upright_copy(wide[:, :4])
    assert copy.flags.c_contiguous
    assert np.array_equal(copy, orientation.upright(wide[:, :4]))


@pytest.mark.parametrize("orientation", ALL)
def test_boxes_follow_their_pixels(orientation):
    stored = np.zeros((5, 8), int)
    stored[1:3, 2:7] = 1
    upright = orientation.upright(stored)
    width, height = orientation.size(8, 5)
    assert upright.shape == (height, width)
    x0, y0, x1, y1 = orientation.upright_box((2, 1, 7, 3), width, height)
    assert upright[y0:y1, x0:x1].all()
    assert upright.sum() == (x1 - x0) * (y1 - y0)
    assert orientation.stored_box((x0, y0, x1, y1), width, height) == (2, 1, 7, 3)
