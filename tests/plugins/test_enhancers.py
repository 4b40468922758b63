"""Does every registered enhancer keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import MissingWeightsError, StageError
from understudy_sdk.testing.enhancer import EnhancerContract
from understudy_sdk.testing.values import offline_cpu

ENHANCERS = discover().enhancers


def test_the_built_ins_are_offered():
    assert {"detail", "onnx_restorer"} <= set(ENHANCERS)


class TestEveryEnhancer(EnhancerContract):
    @pytest.fixture(params=ENHANCERS, ids=str)
    def enhancer(self, request):
        spec = ENHANCERS[request.param]
        try:
            return spec.build(spec.tiny, offline_cpu(WeightCache().find))
        except MissingWeightsError as error:
            pytest.skip(f"{request.param}: {error}")
        except StageError as error:
            if "does not load here" not in str(error):
                raise
            pytest.skip(f"{request.param}: {error}")
