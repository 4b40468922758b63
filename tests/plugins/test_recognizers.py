"""Does every registered recognizer keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import MissingWeightsError
from understudy_sdk.testing.recognizer import RecognizerContract
from understudy_sdk.testing.values import offline_cpu

RECOGNIZERS = discover().recognizers


def test_the_built_ins_are_offered():
    assert {"appearance", "dlib", "sface"} <= set(RECOGNIZERS)


class TestEveryRecognizer(RecognizerContract):
    @pytest.fixture(params=RECOGNIZERS, ids=str)
    def recognizer(self, request):
        spec = RECOGNIZERS[request.param]
        try:
            return spec.build(spec.tiny, offline_cpu(WeightCache().find))
        except MissingWeightsError as error:
            pytest.skip(f"{request.param}: {error}")
