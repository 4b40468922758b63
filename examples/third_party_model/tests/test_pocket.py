"""Does the model pocket keep the contract, alone and in several processes, with every way of using the machine?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from understudy_pocket import PocketConfig, understudy_models

from understudy_sdk import Model, Parallel, StageSpec, TrainableModel
from understudy_sdk.testing.model import ParallelModelContract, TrainableModelContract
from understudy_sdk.testing.offer import OfferContract
from understudy_sdk.testing.package import PackageContract
from understudy_sdk.testing.training_data import DrawnFaces
from understudy_sdk.testing.values import offline_cpu

(SPEC,) = understudy_models()


class TestModel(TrainableModelContract):
    @pytest.fixture
    def model(self) -> Model:
        return SPEC.build(SPEC.tiny, offline_cpu())


class TestTogether(ParallelModelContract):
    @pytest.fixture
    def new_model(self) -> Callable[[Parallel | None], Model]:
        return lambda parallel: SPEC.build(SPEC.tiny, replace(offline_cpu(), parallel=parallel))


class TestOffer(OfferContract):
    @pytest.fixture
    def spec(self) -> StageSpec[Any]:
        return SPEC


class TestPackage(PackageContract):
    @pytest.fixture
    def module(self) -> str:
        return "understudy_pocket"


def losses(**settings: Any) -> list[float]:
    model = SPEC.build(PocketConfig(**{**SPEC.tiny.model_dump(), **settings}), offline_cpu())
    assert isinstance(model, TrainableModel)
    data = DrawnFaces(model.crop_spec)
    return [model.train_step(data, step, 2)["source"] for step in range(1, 4)]


@pytest.mark.parametrize("settings", [{"accumulate": 2}, {"recompute": True}, {"layout": "channels_last"}])
def test_how_the_machine_is_used_alters_nothing(settings: dict[str, Any]) -> None:
    assert losses(**settings) == pytest.approx(losses(), rel=1e-4)
