"""Does every registered detector keep the contract?"""

from __future__ import annotations

from fractions import Fraction

import pytest
import skimage.data

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import Frame, MissingWeightsError
from understudy_sdk.testing.detector import DetectorContract
from understudy_sdk.testing.values import frozen, offline_cpu

DETECTORS = discover().detectors


class TestEveryDetector(DetectorContract):
    @pytest.fixture(params=DETECTORS, ids=str)
    def detector(self, request):
        spec = DETECTORS[request.param]
        try:
            return spec.build(spec.tiny, offline_cpu(WeightCache().find))
        except MissingWeightsError as error:
            pytest.skip(f"{request.param}: {error}")

    def frames(self):
        return [*super().frames(), Frame(frozen(skimage.data.astronaut().copy()), 3, Fraction(1, 25))]


def test_there_is_a_detector():
    assert "mediapipe" in DETECTORS
