"""Does the square that the mesh network looks at lie where it should?"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from understudy_plugins.aligner.mediapipe.roi import (
    Roi,
    carried_box,
    movement,
    roi_of_box,
    roi_of_face,
    roi_of_landmarks,
    roi_of_mesh,
)
from understudy_sdk import Face

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


def test_landmarks_ask_for_room_above_the_brows():
    """Level landmarks 100 px high: the mesh's box reaches 24 px higher, and is a little higher than it is wide."""
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[:] = np.random.default_rng(0).uniform(10, 90, (68, 2))
    landmarks[0], landmarks[8], landmarks[16] = (0, 30), (50, 100), (100, 30)
    landmarks[19], landmarks[36], landmarks[45] = (30, 0), (30, 20), (70, 20)
    np.testing.assert_allclose(roi_of_landmarks(landmarks), [50, 38, 186, 0], atol=1e-4)


def test_a_face_asks_by_the_best_that_is_known_of_it():
    mesh = np.random.default_rng(0).uniform(0, 90, (468, 3)).astype(np.float32)
    landmarks = np.random.default_rng(1).uniform(0, 90, (68, 2)).astype(np.float32)
    foreign = mesh[:400]  # another aligner's mesh, whose points mean something else
    assert roi_of_face(Face(BOX, 1, landmarks=landmarks, mesh=mesh)) == roi_of_mesh(mesh)
    assert roi_of_face(Face(BOX, 1, landmarks=landmarks, mesh=foreign)) == roi_of_landmarks(landmarks)
    assert roi_of_face(Face(BOX, 1)) == roi_of_box(BOX, None)


def test_movement_counts_in_the_first_square_s_side():
    moved = movement(Roi(0, 0, 100, math.radians(170)), Roi(3, 4, 110, math.radians(-170)))
    np.testing.assert_allclose(moved, [0.05, math.radians(20), math.log(1.1)])


def test_movement_of_corners_is_the_mean_of_four():
    before, after = Roi(50, 60, 100, 0.1), Roi(52, 59, 103, 0.13)
    corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]])
    moved = corners @ after.matrix(1).T - corners @ before.matrix(1).T
    expected = math.sqrt((moved**2).sum(axis=1).mean()) / before.side
    assert movement(before, after).of_corners() == pytest.approx(expected, rel=0.02)


def test_a_box_moves_turns_and_grows_with_the_square():
    before = Roi(140, 100, 150, 0)
    after = Roi(300, 200, 300, math.radians(90))
    # The box's centre lay 20 px left of the square's: after a quarter turn clockwise, that is 40 px above.
    box = np.array([100, 50, 140, 150], np.float32)
    np.testing.assert_allclose(carried_box(box, before, after), [260, 60, 340, 260], atol=1e-4)


def test_a_box_that_is_carried_on_and_back_is_the_same():
    squares = [Roi(140, 100, 150, 0), Roi(150, 95, 160, 0.3), Roi(180, 90, 120, -0.2), Roi(140, 100, 150, 0)]
    box = BOX
    for before, after in itertools.pairwise(squares):
        box = carried_box(box, before, after)
    np.testing.assert_allclose(box, BOX, atol=1e-3)
