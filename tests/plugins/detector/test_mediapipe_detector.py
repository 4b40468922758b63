"""Does the MediaPipe detector find real faces?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from understudy_sdk import Frame
from understudy_sdk.testing.values import TIME_BASE, plain_frame

pytestmark = pytest.mark.weights


def covers(face, x: float, y: float) -> bool:
    return bool(face.box[0] < x < face.box[2] and face.box[1] < y < face.box[3])


@pytest.fixture
def crowd_frame():
    """Give a 1920x1080 picture of a rocket with one face of about 50 px, and where its nose is."""
    rgb = cv2.resize(skimage.data.rocket(), (1920, 1080))
    head = cv2.resize(
        np.array(skimage.data.astronaut()[0:300, 60:400]), None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA
    )
    rgb[700 : 700 + head.shape[0], 1300 : 1300 + head.shape[1]] = head
    return Frame(rgb, 0, TIME_BASE), (1300 + (225 - 60) * 0.45, 700 + 120 * 0.45)


@pytest.mark.parametrize("reach", ["full", "short"])
def test_finds_the_astronaut(released, astronaut, reach):
    (face,) = released("detector", "mediapipe", range=reach).detect([astronaut])[0]
    assert face.score > 0.8
    # The pupils' places were read off the picture by eye.
    np.testing.assert_allclose(face.eyes, [[202, 104], [247, 106]], atol=7)
    np.testing.assert_allclose(face.box, [172, 66, 277, 172], atol=15)  # short range draws boxes a little tighter


def test_finds_nobody_in_a_grey_frame(released):
    assert released("detector", "mediapipe").detect([plain_frame(width=640, height=360)]) == [[]]


def test_small_faces_need_tiles(released, crowd_frame):
    frame, nose = crowd_frame
    whole = released("detector", "mediapipe").detect([frame])[0]
    assert not any(covers(face, *nose) for face in whole)
    tiled = released("detector", "mediapipe", tiles="auto").detect([frame])[0]
    assert sum(covers(face, *nose) for face in tiled) == 1


def test_tiles_do_not_count_a_large_face_twice(released, astronaut):
    large = cv2.resize(astronaut.rgb, (1400, 1400), interpolation=cv2.INTER_LINEAR)
    detector = released("detector", "mediapipe", tiles=500)
    faces = detector.detect([Frame(large, 0, TIME_BASE)])[0]
    assert sum(covers(face, 225 * 1400 / 512, 120 * 1400 / 512) for face in faces) == 1


def test_faces_below_the_least_size_are_dropped(released, astronaut):
    (face,) = released("detector", "mediapipe", min_size_px=90).detect([astronaut])[0]
    assert face.box[2] - face.box[0] >= 90
    assert released("detector", "mediapipe", min_size_px=130).detect([astronaut]) == [[]]


@pytest.mark.parametrize(
    "clip", ["actor-a", "actor-b", "scene-interior", "scene-street", "phone-portrait", "scene-distant"]
)
def test_finds_a_face_in_every_sampled_frame(released, sampled, clip):
    detector = released("detector", "mediapipe")
    missing = [frame.pts for frame in sampled(f"{clip}.mp4", 12) if not detector.detect([frame])[0]]
    assert missing == []
