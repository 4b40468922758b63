"""Does every blend mode keep the contract of mergers, and give the numbers that it is known for?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from understudy_blend_modes import BlendModesConfig, understudy_mergers
from understudy_blend_modes.modes import MODES

from understudy_sdk import Merger, StageSpec
from understudy_sdk.testing.merger import MergerContract
from understudy_sdk.testing.offer import OfferContract
from understudy_sdk.testing.package import PackageContract
from understudy_sdk.testing.values import offline_cpu

(SPEC,) = understudy_mergers()


class TestMerger(MergerContract):
    @pytest.fixture(params=MODES)
    def merger(self, request: pytest.FixtureRequest) -> Merger:
        return SPEC.build(BlendModesConfig(mode=request.param), offline_cpu())


class TestOffer(OfferContract):
    @pytest.fixture
    def spec(self) -> StageSpec[Any]:
        return SPEC


class TestPackage(PackageContract):
    @pytest.fixture
    def module(self) -> str:
        return "understudy_blend_modes"


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("normal", [0.5, 0.25, 0.75]),
        ("grain_merge", [0.2, 0.35, 1.0]),
        ("multiply", [0.1, 0.15, 0.6]),
        ("screen", [0.6, 0.7, 0.95]),
        ("soft_light", [0.2, 0.48, 0.88]),
        ("hard_light", [0.2, 0.3, 0.9]),
        ("overlay", [0.2, 0.4, 0.9]),
    ],
)
def test_modes_give_the_numbers_worked_out_by_hand(mode: str, wanted: list[float]) -> None:
    lower, upper = np.array([0.2, 0.6, 0.8], np.float32), np.array([0.5, 0.25, 0.75], np.float32)
    np.testing.assert_allclose(MODES[mode](lower, upper), wanted, atol=1e-6)
