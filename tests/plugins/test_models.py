"""Does every registered model keep the contract?"""

from dataclasses import replace

import pytest

from understudy.plugins import discover
from understudy_sdk import TrainableModel
from understudy_sdk.testing.model import ModelContract, ParallelModelContract, TrainableModelContract
from understudy_sdk.testing.values import offline_cpu

MODELS = discover().models


class TestEveryModel(ModelContract):
    @pytest.fixture(params=MODELS, ids=str)
    def model(self, request):
        spec = MODELS[request.param]
        return spec.build(spec.tiny, offline_cpu())


@pytest.mark.parametrize("name", MODELS)
def test_an_offer_says_whether_its_model_learns(name):
    spec = MODELS[name]
    assert isinstance(spec.build(spec.tiny, offline_cpu()), TrainableModel) == spec.learns


class TestEveryTrainableModel(TrainableModelContract):
    @pytest.fixture(params=MODELS, ids=str)
    def model(self, request):
        spec = MODELS[request.param]
        model = spec.build(spec.tiny, offline_cpu())
        if not isinstance(model, TrainableModel):
            pytest.skip(f"{request.param} needs no training")
        return model


class TestEveryModelLearntByProcesses(ParallelModelContract):
    @pytest.fixture(params=[name for name, spec in MODELS.items() if spec.learns], ids=str)
    def new_model(self, request):
        spec = MODELS[request.param]
        return lambda parallel: spec.build(spec.tiny, replace(offline_cpu(), parallel=parallel))
