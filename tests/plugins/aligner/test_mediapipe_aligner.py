"""Does the MediaPipe aligner place landmarks where the features are?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from understudy_sdk import Face, Frame
from understudy_sdk.geometry import transform_points, umeyama
from understudy_sdk.landmarks import ALIGNED, TEMPLATE
from understudy_sdk.testing.values import plain_frame

pytestmark = pytest.mark.weights


@pytest.fixture
def astronaut_face(released, astronaut) -> Face:
    return released("detector", "mediapipe").detect([astronaut])[0][0]


def landmarks(aligner, frame: Frame, face: Face) -> np.ndarray:
    return aligner.align([frame], [[face]])[0][0].landmarks


def test_landmarks_lie_on_the_astronauts_features(released, astronaut, astronaut_face):
    points = landmarks(released("aligner", "mediapipe"), astronaut, astronaut_face)
    # Read off the picture by eye: subject's right eye, left eye, nose tip, mouth.
    np.testing.assert_allclose(points[36:42].mean(axis=0), [202, 104], atol=4)
    np.testing.assert_allclose(points[42:48].mean(axis=0), [247, 106], atol=4)
    np.testing.assert_allclose(points[30], [224, 128], atol=6)
    np.testing.assert_allclose(points[48:60].mean(axis=0), [224, 149], atol=5)


def test_a_frontal_face_fits_the_mean_face(released, astronaut, astronaut_face):
    points = landmarks(released("aligner", "mediapipe"), astronaut, astronaut_face)
    chosen = points[list(ALIGNED)].astype(np.float64)
    template = TEMPLATE[np.array(ALIGNED) - 17]
    fitted = transform_points(umeyama(chosen, template), chosen)
    assert np.hypot(*(fitted - template).T).mean() < 0.035  # of the square from brows to chin


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("degrees", [-35, 35])
def test_landmarks_turn_with_the_picture(released, astronaut, degrees, passes):
    """A turned head has the same landmarks, turned: right and left are not exchanged."""
    turning = cv2.getRotationMatrix2D((225, 140), degrees, 1)
    turned = Frame(cv2.warpAffine(astronaut.rgb, turning, (512, 512)), 0, Fraction(1, 25))
    detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe", passes=passes)
    upright = landmarks(aligner, astronaut, detector.detect([astronaut])[0][0])
    found = landmarks(aligner, turned, detector.detect([turned])[0][0])
    distance = np.hypot(*(transform_points(turning, upright) - found).T)
    assert distance.mean() < 2.5


def test_a_face_without_eyes_gets_the_same_landmarks(released, astronaut, astronaut_face):
    """Also where the box is drawn as other detectors do: taller, and off the middle."""
    aligner = released("aligner", "mediapipe")
    expected = landmarks(aligner, astronaut, astronaut_face)
    taller = Face(box=astronaut_face.box + np.array([4, -12, 0, 8], np.float32), score=0.9)
    assert np.abs(landmarks(aligner, astronaut, taller) - expected).max() < 2.5


def test_a_close_up_gets_the_same_landmarks_as_a_small_picture(released, astronaut, astronaut_face):
    """A square of 1,000 px is halved before it is sampled; that moves nothing by more than the network's own noise."""
    aligner = released("aligner", "mediapipe")
    factor = 7
    # Repeating pixels keeps the picture's edges in place: a point moves as its pixel's middle does.
    large = Frame(np.repeat(np.repeat(astronaut.rgb, factor, axis=0), factor, axis=1), 0, Fraction(1, 25))
    box = ((astronaut_face.box + 0.5) * factor - 0.5).astype(np.float32)
    points = landmarks(aligner, large, Face(box=box, score=0.9))
    expected = landmarks(aligner, astronaut, replace(astronaut_face, eyes=None))
    assert np.abs((points + 0.5) / factor - 0.5 - expected).max() < 1.5


def test_no_landmarks_where_nobody_is(released):
    face = Face(box=np.array([100, 100, 200, 200], np.float32), score=0.9)
    assert released("aligner", "mediapipe").align([plain_frame(width=320, height=320)], [[face]]) == [[]]


@pytest.mark.parametrize(
    "clip", ["actor-a", "actor-b", "scene-interior", "scene-street", "phone-portrait", "scene-distant"]
)
def test_places_landmarks_in_every_sampled_frame(released, sampled, clip):
    """The two finders agree: the landmarks' eyes are where the detector saw the eyes."""
    detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe")
    for frame in sampled(f"{clip}.mp4", 24):
        face = aligner.align([frame], detector.detect([frame]))[0][0]
        middles = np.stack([face.landmarks[36:42].mean(axis=0), face.landmarks[42:48].mean(axis=0)])
        assert np.hypot(*(middles - face.eyes).T).max() < 0.12 * (face.box[2] - face.box[0])
        assert face.mesh.shape == (468, 3)


def test_furniture_that_the_detector_takes_for_a_face_is_left_out(released, sampled):
    """The network is fairly sure of it too, but its mesh wanders from one look to the next."""
    detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe")
    frames = [frame for number, frame in enumerate(sampled("scene-interior.mp4", 3)) if number > 80]
    found = detector.detect(frames)
    assert max(len(faces) for faces in found) == 2
    assert [len(faces) for faces in aligner.align(frames, found)] == [1] * len(frames)
    lenient = released("aligner", "mediapipe", max_wander=1)
    assert max(len(faces) for faces in lenient.align(frames, found)) == 2
