"""Do real faces come out steady, with their blinks, and does a filled gap look like what was there?"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
import skimage.data

from understudy.plugins import discover
from understudy.steadiness import eye_opening, fill_gaps, jitter_of, noise_of, parts_of_mesh, steady, steadying_plan
from understudy.weights import WeightCache
from understudy_sdk import Frame, MissingWeightsError
from understudy_sdk.testing.values import offline_cpu


@pytest.fixture(scope="module")
def find():
    """Give a function that finds the largest face of each picture by itself, frame by frame; skips without weights."""
    registry, stages = discover(), []
    for kind in ("detector", "aligner"):
        spec = registry.offer(kind, "mediapipe").spec
        try:
            stages.append(spec.build(spec.config(), offline_cpu(WeightCache().find)))
        except MissingWeightsError as error:
            pytest.skip(str(error))
    detector, aligner = stages

    def run(pictures):
        found = []
        for number, picture in enumerate(pictures):
            frame = Frame(np.ascontiguousarray(picture), number, Fraction(1, 30))
            faces = aligner.align([frame], detector.detect([frame]))[0]
            found.append(max(faces, key=lambda face: face.box[2] - face.box[0]))
        return found

    return run


@pytest.fixture(scope="module")
def actor(find, footage):
    """Give the faces of some seconds of a close-up in which the subject blinks."""
    with av.open(str(footage("actor-a.mp4"))) as container:
        pictures = (frame.to_ndarray(format="rgb24") for frame in islice(container.decode(video=0), 200, 390))
        return find(pictures)


def landmarks_of(faces):
    return np.stack([face.landmarks for face in faces])


@pytest.mark.parametrize("level", [5, 10])
def test_a_still_face_under_camera_noise_trembles_a_third_as_much_or_less(find, level):
    random = np.random.default_rng(level)
    portrait = skimage.data.astronaut()[:320, 64:384].astype(np.float64)
    pictures = [
        np.clip(portrait + random.normal(0, level, portrait.shape), 0, 255).round().astype(np.uint8) for _ in range(90)
    ]
    faces, times = find(pictures), np.arange(90) / 30
    found, meshes = landmarks_of(faces), np.stack([face.mesh for face in faces])
    plan = steadying_plan(times, found, noise_of(times, found), 0.5)
    done, moved = plan.apply(found), plan.apply(meshes, parts_of_mesh(found, meshes))
    before, after = jitter_of(times, found), jitter_of(times, done)
    assert after.within_px < before.within_px / 3
    assert after.whole_px < before.whole_px / 3
    trembling = [np.diff(points, n=2, axis=0).std() for points in (meshes, moved)]
    assert trembling[1] < trembling[0] / 3
    assert np.abs(done.mean(axis=0) - found.mean(axis=0)).max() < 0.2


@pytest.mark.slow
def test_a_blink_stays_a_blink(actor):
    found, times = landmarks_of(actor), np.arange(len(actor)) / 30
    done = steady(times, found, noise_of(times, found), 0.5)
    before, after = eye_opening(found), eye_opening(done)
    blinks = [24, 135, 167]  # seen in the clip
    for middle in blinks:
        near = np.arange(middle - 6, middle + 7)
        for eye in (0, 1):
            top, low = before[near, eye].max(), before[near, eye].min()
            assert top - low > 0.06
            assert top - after[near, eye].min() > 0.95 * (top - low)
            assert after[near, eye].argmin() == before[near, eye].argmin()
    still = jitter_of(times, found).still_256_px, jitter_of(times, done).still_256_px
    assert still[1] < 0.5 * still[0]


@pytest.mark.slow
@pytest.mark.parametrize(("frames", "off"), [(2, 0.012), (5, 0.02)])
def test_filled_faces_lie_where_the_faces_were(actor, frames, off):
    times = np.arange(len(actor)) / 30
    missing = np.concatenate([np.arange(at, at + frames) for at in range(10, len(actor) - 20, frames + 9)])
    kept = np.setdiff1d(np.arange(len(actor)), missing)
    filled = fill_gaps(times[kept], [actor[place] for place in kept], times[missing], max_gap_s=0.25)
    wrong = []
    for place, face in zip(missing, filled, strict=True):
        truth = actor[place]
        side = float(np.sqrt(np.prod(truth.box[2:] - truth.box[:2])))
        wrong.append(np.sqrt(((face.landmarks - truth.landmarks) ** 2).sum(axis=1).mean()) / side)
        assert np.abs(face.mesh - truth.mesh).max() < 0.2 * side
    assert np.sqrt(np.mean(np.square(wrong))) < off
