"""Does the MediaPipe detector find heads that lean, lie or stand upside down?"""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from understudy_plugins.detector.mediapipe import MediaPipeDetectorConfig
from understudy_plugins.detector.mediapipe.detector import MediaPipeDetector
from understudy_sdk import Frame
from understudy_sdk.geometry import transform_points
from understudy_sdk.testing.values import TIME_BASE, plain_frame

SIDE = 725  # the picture's diagonal


def turned(frame: Frame, degrees: float) -> tuple[Frame, np.ndarray]:
    """Give a picture turned clockwise about its middle, with black around it, and the affine that turned it."""
    height, width = frame.rgb.shape[:2]
    turning = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    turning[:, 2] += (SIDE / 2 - width / 2, SIDE / 2 - height / 2)
    return Frame(cv2.warpAffine(frame.rgb, turning, (SIDE, SIDE)), 0, TIME_BASE), turning


@pytest.mark.weights
@pytest.mark.parametrize("degrees", range(0, 360, 30))
@pytest.mark.parametrize("rotations", ["unsure", "always"])
def test_a_head_is_found_at_any_turn(released, astronaut, rotations, degrees):
    """And its landmarks are the upright head's, turned."""
    detector, aligner = released("detector", "mediapipe", rotations=rotations), released("aligner", "mediapipe")
    upright = aligner.align([astronaut], detector.detect([astronaut]))[0][0]
    frame, turning = turned(astronaut, degrees)
    found = detector.detect([frame])
    eyes = found[0][0].eyes
    leaning = math.degrees(math.atan2(eyes[1, 1] - eyes[0, 1], eyes[1, 0] - eyes[0, 0]))
    assert abs(math.remainder(leaning - degrees, 360)) < 25
    (face,) = aligner.align([frame], found)[0]
    distances = np.hypot(*(face.landmarks - transform_points(turning, upright.landmarks)).T)
    assert distances.mean() < 1.5


@pytest.mark.weights
@pytest.mark.parametrize("degrees", range(0, 360, 30))
def test_landmarks_are_placed_at_any_turn_where_the_eyes_are_not_known(released, astronaut, degrees):
    detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe")
    upright = aligner.align([astronaut], detector.detect([astronaut]))[0][0]
    frame, turning = turned(astronaut, degrees)
    half = (upright.box[2:] - upright.box[:2]) / 2
    middle = transform_points(turning, upright.box.reshape(2, 2).mean(axis=0, keepdims=True))[0]
    box = np.concatenate([middle - half, middle + half]).astype(np.float32)
    face = type(upright)(box=box, score=0.9)
    (face,) = aligner.align([frame], [[face]])[0]
    distances = np.hypot(*(face.landmarks - transform_points(turning, upright.landmarks)).T)
    assert distances.mean() < 1.5


@pytest.mark.weights
def test_turned_searches_do_not_count_a_face_twice(released, astronaut):
    detector, aligner = released("detector", "mediapipe", rotations="always"), released("aligner", "mediapipe")
    found = detector.detect([astronaut])
    assert found[0][0].score == released("detector", "mediapipe").detect([astronaut])[0][0].score
    assert len(aligner.align([astronaut], found)[0]) == 1


class Counting:
    """A network that finds one face of a score in every upright picture's middle, and counts the pictures."""

    side = 192

    def __init__(self, logit: float) -> None:
        self.logit, self.calls = logit, []

    def __call__(self, draws):
        self.calls.append(len(draws))
        raw, logits = np.zeros((len(draws), 2304, 16), np.float32), np.full((len(draws), 2304, 1), -20, np.float32)
        raw[:, 1176, 2:4], logits[:, 1176, 0] = 40, self.logit
        return raw, logits


@pytest.mark.parametrize(
    ("rotations", "logit", "calls"),
    [
        ("never", 0.5, [3]),
        ("always", 0.5, [12]),
        ("unsure", 3.0, [3, 0]),
        ("unsure", 0.5, [3, 9]),
    ],
)
def test_turned_searches_cost_what_was_said(rotations, logit, calls):
    network = Counting(logit)
    detector = MediaPipeDetector(MediaPipeDetectorConfig(rotations=rotations), network)
    found = detector.detect([plain_frame(width=64, height=64)] * 3)
    assert network.calls == calls
    assert [len(faces) for faces in found] == [1, 1, 1]


def test_tiles_of_all_frames_are_searched_in_one_call():
    network = Counting(3.0)
    detector = MediaPipeDetector(MediaPipeDetectorConfig(tiles=128), network)
    detector.detect([plain_frame(width=200, height=120), plain_frame(width=100, height=100)])
    assert network.calls == [1 + 2 + 1]  # the first frame and its two tiles, and the second, which is no larger
