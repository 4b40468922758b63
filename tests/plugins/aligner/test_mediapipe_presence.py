"""Is a face left out where the mesh network doubts it, or its mesh does not stay in place?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.aligner.mediapipe import MediaPipeAlignerConfig
from understudy_plugins.aligner.mediapipe.aligner import MediaPipeAligner
from understudy_plugins.aligner.mediapipe.plausibility import Look, is_face, is_in_frame, is_next, wander
from understudy_plugins.aligner.mediapipe.roi import Roi, roi_of_mesh
from understudy_sdk.testing.values import face_frame, plain_face

SURE, HARDLY, UNSURE = 20.0, 2.0, -5.0


def face_like_mesh(shift: float = 0.0) -> np.ndarray:
    """Give a mesh that asks for the very square it lies in, 192 px a side, moved by a share of its size."""
    mesh = np.random.default_rng(0).uniform(40, 150, (468, 3)).astype(np.float32)
    mesh[0, :2], mesh[1, :2], mesh[33, :2], mesh[263, :2] = (32, 32), (160, 160), (60, 80), (130, 80)
    mesh[:, :2] += np.float32(shift * 128)
    return mesh


class FakeNetwork:
    """Answers the same mesh with each of the logits in turn, and counts the looks."""

    side = 192

    def __init__(self, logits, mesh=None) -> None:
        self.logits, self.mesh, self.pictures = list(logits), face_like_mesh() if mesh is None else mesh, []

    def __call__(self, draws):
        first = len(self.pictures)
        self.pictures += [draw() for draw in draws]
        meshes = np.tile(self.mesh.reshape(1, 1, 1, -1), (len(draws), 1, 1, 1))
        return meshes, np.array(self.logits[first : len(self.pictures)], np.float32).reshape(-1, 1, 1, 1)


@pytest.mark.parametrize(
    ("passes", "has_eyes", "logits", "looks", "kept"),
    [
        (2, True, [SURE, SURE], 2, 1),
        (2, True, [SURE, UNSURE], 2, 0),
        (2, True, [HARDLY, HARDLY], 2, 1),  # in doubt, but it stays in place
        (2, True, [UNSURE], 1, 0),  # nobody convinced the first look, so there is no second
        (1, True, [SURE], 1, 1),
        (3, True, [SURE, SURE, SURE], 3, 1),
        (3, True, [SURE, SURE, UNSURE], 3, 0),
        (1, False, [SURE, SURE], 2, 1),  # a box alone places the crop roughly only
        (2, False, [UNSURE, UNSURE, SURE, UNSURE, SURE], 5, 1),  # it stands on its head: the third square is turned so
        (2, False, [HARDLY, HARDLY, HARDLY + 4, UNSURE, SURE], 5, 1),  # hardly better than upright: upright it stays
    ],
)
def test_every_look_must_be_sure(passes, has_eyes, logits, looks, kept):
    network = FakeNetwork(logits)
    stage = MediaPipeAligner(MediaPipeAlignerConfig(passes=passes), network)
    (faces,) = stage.align([face_frame()], [[plain_face(eyes=has_eyes)]])
    assert (len(network.pictures), len(faces)) == (looks, kept)
    assert all(picture.shape == (192, 192, 3) and picture.dtype == np.uint8 for picture in network.pictures)


@pytest.mark.parametrize(("logits", "turned"), [([0, 0, SURE, 0, SURE], True), ([0, 0, 4, 0, SURE], False)])
def test_the_turn_that_is_better_by_far_wins(logits, turned):
    stage = MediaPipeAligner(MediaPipeAlignerConfig(passes=2, min_presence=0.0), FakeNetwork(logits))
    (faces,) = stage.align([face_frame()], [[plain_face(eyes=False)]])
    right, left = faces[0].mesh[33], faces[0].mesh[263]
    assert (right[0] > left[0]) == turned  # upside down, the subject's right eye is on the right


def test_a_mesh_that_will_not_rest_gets_a_third_look():
    network = FakeNetwork([SURE] * 3, face_like_mesh(0.2))
    stage = MediaPipeAligner(MediaPipeAlignerConfig(passes=2), network)
    stage.align([face_frame()], [[plain_face()]])
    assert len(network.pictures) == 3


def test_a_batch_is_one_call_for_each_look():
    calls = []

    class Counting(FakeNetwork):
        def __call__(self, draws):
            calls.append(len(draws))
            return super().__call__(draws)

    stage = MediaPipeAligner(MediaPipeAlignerConfig(passes=2), Counting([SURE] * 20))
    stage.align([face_frame(), face_frame()], [[plain_face(), plain_face()], [plain_face()]])
    assert [count for count in calls if count] == [3, 3]


def look(logit: float, shift: float = 0.0) -> Look:
    mesh = face_like_mesh(shift)
    return Look(Roi(96, 96, 192, 0), mesh, logit, roi_of_mesh(mesh))


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([look(HARDLY)], True),
        ([look(HARDLY), look(HARDLY, 0.01)], True),
        ([look(HARDLY), look(HARDLY, 0.05)], False),  # in doubt, and it moved
        ([look(SURE), look(SURE, 0.05)], True),  # no doubt, so it may have been placed badly before
        ([look(SURE), look(HARDLY, 0.05)], False),
        ([look(SURE), look(UNSURE)], False),
    ],
)
def test_a_pattern_is_no_face(looks, expected):
    assert is_face(looks, 0.5, 0.03) == expected


def test_wander_counts_in_the_face_s_size():
    # Moved along x and y, each by a tenth of the face's size.
    assert wander(look(SURE), look(SURE, 0.1)) == pytest.approx(0.1 * 2**0.5, rel=1e-4)


def test_a_face_does_not_jump():
    before = Roi(100, 100, 150, 0)
    assert is_next(before, before._replace(x=170, side=200))
    assert not is_next(before, before._replace(x=180))
    assert not is_next(before, before._replace(side=230))
    assert not is_next(before, before._replace(side=99))


def test_half_a_mesh_must_lie_in_the_frame():
    mesh = face_like_mesh()
    middle = float(np.median(mesh[:, 0]))
    assert is_in_frame(mesh, int(middle) + 3, 192)
    assert not is_in_frame(mesh, int(middle) - 3, 192)
    assert not is_in_frame(mesh - 200, 192, 192)


def test_a_doubted_face_is_kept_where_all_wander_is_allowed():
    doubted = [look(HARDLY), look(HARDLY, 0.2)]
    assert is_face(doubted, 0.5, MediaPipeAlignerConfig(max_wander=1).max_wander)
    assert not is_face([one._replace(logit=UNSURE) for one in doubted], 0.5, 1)
