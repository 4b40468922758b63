"""Does every registered masker keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy_sdk import TrainableMasker
from understudy_sdk.testing.masker import MaskerContract, TrainableMaskerContract
from understudy_sdk.testing.values import offline_cpu

MASKERS = discover().maskers


def test_the_built_in_ones_are_offered():
    assert {"eyes_mouth", "external", "hull", "mesh", "xseg"} <= set(MASKERS)
    assert [name for name, spec in MASKERS.items() if spec.needs_mesh] == ["mesh"]


class TestEveryMasker(MaskerContract):
    @pytest.fixture(params=MASKERS, ids=str)
    def masker(self, request):
        spec = MASKERS[request.param]
        return spec.build(spec.tiny, offline_cpu())


@pytest.mark.parametrize("name", MASKERS)
def test_an_offer_says_whether_its_masker_learns(name):
    spec = MASKERS[name]
    assert isinstance(spec.build(spec.tiny, offline_cpu()), TrainableMasker) == spec.learns


class TestEveryTrainableMasker(TrainableMaskerContract):
    @pytest.fixture(params=[name for name, spec in MASKERS.items() if spec.learns])
    def masker(self, request):
        spec = MASKERS[request.param]
        return spec.build(spec.tiny, offline_cpu())
