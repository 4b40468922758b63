"""Does the MediaPipe aligner find known faces again in the next frame?"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest

from understudy_sdk import Face, FollowingAligner, Frame
from understudy_sdk.geometry import transform_points
from understudy_sdk.testing.values import TIME_BASE, plain_frame

pytestmark = pytest.mark.weights

CLIPS = ["actor-a", "actor-b", "scene-interior", "scene-street", "phone-portrait", "scene-distant"]


@pytest.fixture(scope="module")
def detector(released):
    return released("detector", "mediapipe")


@pytest.fixture(scope="module")
def aligner(released):
    return released("aligner", "mediapipe")


@pytest.fixture(scope="module")
def known(detector, aligner, astronaut) -> Face:
    """Give the astronaut's face as detector and aligner place it."""
    return aligner.align([astronaut], detector.detect([astronaut]))[0][0]


def off(face: Face, expected: Face) -> float:
    """Return the landmarks' distance, root mean square, over the box's width."""
    squares = np.square(face.landmarks - expected.landmarks).sum(axis=1)
    return float(np.sqrt(squares.mean()) / (expected.box[2] - expected.box[0]))


def moved_frame(frame: Frame, frame_to_moved: np.ndarray) -> Frame:
    height, width = frame.rgb.shape[:2]
    return Frame(cv2.warpAffine(frame.rgb, frame_to_moved, (width, height)), 1, TIME_BASE)


def test_it_is_a_following_aligner(aligner):
    assert isinstance(aligner, FollowingAligner)


@pytest.mark.parametrize("clip", CLIPS)
def test_following_ends_where_finding_does(sampled, detector, aligner, clip):
    """Followed over 16 frames, no face drifts: the landmarks lie where detector and aligner put them."""
    frames = list(islice(sampled(f"{clip}.mp4", 2), 8))
    face = aligner.align(frames[:1], detector.detect(frames[:1]))[0][0]
    for frame in frames[1:]:
        (face,) = aligner.follow(frame, [face])
        assert face is not None
        assert face.score > 0.99
    expected = aligner.align(frames[-1:], detector.detect(frames[-1:]))[0][0]
    assert off(face, expected) < 0.012
    assert np.abs(face.box - expected.box).max() < 0.12 * (expected.box[2] - expected.box[0])
    assert np.abs(face.eyes - expected.eyes).max() < 0.1 * (expected.box[2] - expected.box[0])


def test_a_moved_face_is_followed_with_its_box(aligner, astronaut, known):
    turning = cv2.getRotationMatrix2D((224, 118), 4, 1.05)
    turning[:, 2] += (6, -3)
    (face,) = aligner.follow(moved_frame(astronaut, turning), [known])
    expected = transform_points(turning, known.landmarks)
    assert np.hypot(*(face.landmarks - expected).T).mean() < 1.0
    middle = transform_points(turning, known.box.reshape(2, 2).mean(axis=0, keepdims=True))[0]
    np.testing.assert_allclose(face.box.reshape(2, 2).mean(axis=0), middle, atol=1.5)
    np.testing.assert_allclose(
        np.diff(face.box.reshape(2, 2), axis=0), 1.05 * (known.box[2:] - known.box[:2])[None], rtol=0.02
    )
    assert face.mesh.shape == (468, 3)
    assert 0.99 < face.score <= 1


def test_following_depends_on_its_arguments_alone(aligner, astronaut, known):
    (first,) = aligner.follow(astronaut, [known])
    aligner.follow(plain_frame(width=512, height=512), [known])
    (second,) = aligner.follow(astronaut, [known])
    np.testing.assert_array_equal(first.mesh, second.mesh)
    np.testing.assert_array_equal(first.box, second.box)


def test_each_face_has_its_answer_in_its_place(aligner, astronaut, known):
    elsewhere = replace(known, box=known.box + 200, mesh=known.mesh + np.array([200, 200, 0], np.float32))
    answers = aligner.follow(astronaut, [elsewhere, known])
    assert answers[0] is None
    assert off(answers[1], known) < 0.01
    assert aligner.follow(astronaut, []) == []


def test_a_face_put_in_by_hand_is_followed_without_a_mesh(aligner, astronaut, known):
    by_hand = Face(box=known.box, score=1.0, landmarks=known.landmarks)
    box_alone = Face(box=known.box, score=1.0)
    for face in aligner.follow(astronaut, [by_hand, box_alone]):
        assert off(face, known) < 0.012


def test_nobody_is_followed_where_the_face_is_gone(aligner, astronaut, known):
    beyond = np.array([[1.0, 0, -235], [0, 1, 0]])  # the face's middle is beyond the left edge
    gone = [plain_frame(width=512, height=512), moved_frame(astronaut, beyond)]
    assert [aligner.follow(frame, [known]) for frame in gone] == [[None], [None]]


@pytest.mark.parametrize(("before", "after"), [("scene-distant", "phone-portrait"), ("actor-b", "phone-portrait")])
def test_no_face_is_followed_into_a_part_of_another(sampled, detector, aligner, before, after):
    """After these cuts the square holds a cheek or half a face, and the network is sure of a face in it."""
    (frame,), (cut,) = (list(islice(sampled(f"{clip}.mp4", 1), 1)) for clip in (before, after))
    face = aligner.align([frame], detector.detect([frame]))[0][0]
    assert aligner.follow(cut, [face]) == [None]


def test_an_upside_down_face_is_followed(aligner, astronaut, known):
    turned = Frame(np.ascontiguousarray(np.rot90(astronaut.rgb, 2)), 0, TIME_BASE)
    half_turn = np.array([[-1.0, 0, 511], [0, -1, 511]])
    mesh = known.mesh.copy()
    mesh[:, :2] = transform_points(half_turn, mesh[:, :2])
    upside_down = replace(known, mesh=mesh, box=(511 - known.box[[2, 3, 0, 1]]).astype(np.float32))
    (face,) = aligner.follow(turned, [upside_down])
    np.testing.assert_allclose(face.landmarks, transform_points(half_turn, known.landmarks), atol=1.5)
