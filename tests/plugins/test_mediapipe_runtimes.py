"""Do MediaPipe's networks give the same in torch as in LiteRT?"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from understudy.weights import WeightCache
from understudy_plugins.aligner.mediapipe import FACE_MESH
from understudy_plugins.detector.mediapipe import FULL_RANGE, SHORT_RANGE
from understudy_sdk import MissingWeightsError
from understudy_sdk.testing.values import face_frame, offline_cpu
from understudy_sdk.tflite import open_network

pytestmark = pytest.mark.weights

NETWORKS = [(FULL_RANGE, 1 / 127.5, -1.0), (SHORT_RANGE, 1 / 127.5, -1.0), (FACE_MESH, 1 / 255, 0.0)]


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda row: row[0].name)
def networks(request):
    """Give one network in LiteRT and in torch."""
    weight, scale, shift = request.param
    try:
        path = WeightCache().find(weight)
    except MissingWeightsError as error:
        pytest.skip(str(error))
    return [
        open_network(path, offline_cpu(), scale=scale, shift=shift, runtime=runtime) for runtime in ("litert", "torch")
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_torch_gives_litert_s_numbers_within_a_thousandth(networks, astronaut, count):
    """Outputs are px of the network's picture (boxes and keypoints, mesh) and logits."""
    litert, torch = networks
    face = astronaut.rgb[40:200, 140:300]
    noise = np.random.default_rng(0).integers(0, 256, (litert.side, litert.side, 3), dtype=np.uint8)
    pictures = [cv2.resize(rgb, (litert.side, litert.side)) for rgb in (face, astronaut.rgb)] + [noise]
    draws = [partial(np.asarray, picture) for picture in pictures[:count]]
    for expected, found in zip(litert(draws), torch(draws), strict=True):
        assert found.shape == expected.shape
        assert len(found) == count
        assert np.abs(expected).max() > 10  # there is something to compare
        assert np.abs(found - expected).max() < 1e-3


@pytest.mark.parametrize(
    "settings", [{"range": "full", "tiles": 300}, {"range": "short", "rotations": "always"}], ids=str
)
def test_the_detector_finds_the_same_in_both(released, astronaut, settings):
    frames = [astronaut, face_frame()]
    pairs = zip(
        *(released("detector", "mediapipe", runtime=name, **settings).detect(frames) for name in ("litert", "torch")),
        strict=True,
    )
    counts = 0
    for litert, torch in pairs:
        assert len(litert) == len(torch)
        for expected, found in zip(litert, torch, strict=True):
            np.testing.assert_allclose(found.box, expected.box, atol=3e-3)  # a px of the network is 2.7 of the frame
            np.testing.assert_allclose(found.eyes, expected.eyes, atol=3e-3)
            assert found.score == pytest.approx(expected.score, abs=1e-4)
            counts += 1
    assert counts >= 1


@pytest.mark.parametrize(("passes", "apart_px"), [(1, 1e-3), (3, 1e-2)])
def test_the_aligner_places_the_same_in_both(released, astronaut, passes, apart_px):
    """From pass to pass the least difference of a square rounds some of its pixels to another level."""
    faces = released("detector", "mediapipe").detect([astronaut])
    litert, torch = (released("aligner", "mediapipe", runtime=name, passes=passes) for name in ("litert", "torch"))
    ((expected,),) = litert.align([astronaut], faces)
    ((found,),) = torch.align([astronaut], faces)
    np.testing.assert_allclose(found.mesh, expected.mesh, atol=apart_px)
    (expected,), (found,) = litert.follow(astronaut, [expected]), torch.follow(astronaut, [expected])
    np.testing.assert_allclose(found.mesh, expected.mesh, atol=apart_px)
    assert found.score == pytest.approx(expected.score, abs=1e-6)
