"""Does the square that the mesh network looks at lie where it should?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from understudy_plugins.aligner.mediapipe.roi import Roi, roi_of_box, roi_of_mesh

BOX = np.array([100, 50, 180, 150], np.float32)


def test_an_upright_box_grows_by_half_its_long_side():
    assert roi_of_box(BOX, None) == Roi(x=140, y=100, side=150, turn=0)


def test_the_eyes_turn_the_square():
    eyes = np.array([[120, 80], [150, 110]], np.float32)  # the left eye lower: the head leans clockwise
    assert roi_of_box(BOX, eyes).turn == pytest.approx(math.radians(45))


def test_the_matrix_takes_the_crops_corners_to_the_squares():
    matrix = Roi(x=10, y=20, side=8, turn=math.radians(90)).matrix(192)
    corners = np.array([[0, 0, 1], [192, 0, 1], [96, 96, 1]]) @ matrix.T
    # A quarter turn clockwise: the crop's top-left corner is the square's top-right one.
    np.testing.assert_allclose(corners, [[14, 16], [14, 24], [10, 20]], atol=1e-9)


@pytest.mark.parametrize("degrees", [0, 30, 180, -75])
def test_the_square_of_a_turned_mesh_turns_with_it(degrees):
    mesh = np.zeros((468, 3), np.float32)
    mesh[:, :2] = np.random.default_rng(0).uniform(-40, 40, (468, 2))
    mesh[33, :2], mesh[263, :2], mesh[0, :2], mesh[1, :2] = (-20, 0), (20, 0), (-50, -60), (50, 60)
    turn = math.radians(degrees)
    turned = mesh.copy()
    turned[:, 0] = mesh[:, 0] * math.cos(turn) - mesh[:, 1] * math.sin(turn) + 300
    turned[:, 1] = mesh[:, 0] * math.sin(turn) + mesh[:, 1] * math.cos(turn) + 200
    roi = roi_of_mesh(turned)
    np.testing.assert_allclose(roi[:3], [300, 200, 180], atol=1e-3)
    assert math.cos(roi.turn - turn) == pytest.approx(1)
