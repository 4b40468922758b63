"""Are the six people of the shared footage told apart, and is each one person throughout their clip?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import Crop, FaceType
from understudy_sdk.geometry import frame_to_crop, transform_points
from understudy_sdk.warp import warp_picture

CLIPS = ("actor-a", "actor-b", "scene-interior", "scene-street", "phone-portrait", "scene-distant")

pytestmark = [pytest.mark.weights, pytest.mark.slow]


@pytest.fixture(scope="module")
def crops(released, sampled, astronaut):
    """Give some crops of each person, in the order of time, by clip; the astronaut is a person of one picture."""
    detector, aligner = released("detector", "mediapipe"), released("aligner", "mediapipe")

    def cut(frame):
        (faces,) = aligner.align([frame], detector.detect([frame]))
        face = max(faces, key=lambda face: face.box[2] - face.box[0])
        affine = frame_to_crop(face.landmarks, FaceType.WHOLE_FACE, 160)
        landmarks = transform_points(affine, face.landmarks).astype(np.float32)
        return Crop(warp_picture(frame.rgb, affine, 160), affine, FaceType.WHOLE_FACE, landmarks)

    found = {name: [cut(frame) for frame in sampled(f"{name}.mp4", 19)] for name in CLIPS}
    return {**found, "astronaut": [cut(astronaut)]}


def mean(vectors):
    total = vectors.sum(axis=0)
    return total / np.linalg.norm(total)


@pytest.mark.parametrize("name", ["appearance", "dlib", "sface"])
def test_halves_of_a_clip_are_one_person_and_clips_are_several(released, crops, name):
    recognizer = released("recognizer", name)
    halves = {}
    for person, some in crops.items():
        vectors = recognizer.embed(some)
        parts = np.array_split(np.arange(len(some)), 2) if len(some) > 1 else [np.arange(1)]
        halves[person] = np.stack([mean(vectors[part]) for part in parts])
    for person, means in halves.items():
        assert (means @ means.T >= recognizer.same_person).all(), person
        for other, others in halves.items():
            assert other == person or (means @ others.T < recognizer.same_person).all(), (person, other)
