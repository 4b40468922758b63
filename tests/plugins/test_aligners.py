"""Does every registered aligner keep the contract?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import skimage.data

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import Face, Frame, MissingWeightsError
from understudy_sdk.testing.aligner import AlignerContract
from understudy_sdk.testing.values import frozen, offline_cpu

ALIGNERS = discover().aligners


class TestEveryAligner(AlignerContract):
    @pytest.fixture(params=ALIGNERS, ids=str)
    def aligner(self, request):
        spec = ALIGNERS[request.param]
        try:
            return spec.build(spec.tiny, offline_cpu(WeightCache().find))
        except MissingWeightsError as error:
            pytest.skip(f"{request.param}: {error}")

    def pictures(self):
        frames, faces = super().pictures()
        astronaut = Frame(frozen(skimage.data.astronaut().copy()), 3, Fraction(1, 25))
        box = frozen(np.array([172, 66, 276, 170], np.float32))
        return [*frames, astronaut], [*faces, [Face(box=box, score=0.95), Face(box=box, score=0.9)]]


def test_there_is_an_aligner():
    assert "mediapipe" in ALIGNERS
