"""Does every registered masker keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy_sdk.testing.masker import MaskerContract
from understudy_sdk.testing.values import offline_cpu

MASKERS = discover().maskers


def test_the_built_in_is_offered():
    assert "hull" in MASKERS


class TestEveryMasker(MaskerContract):
    @pytest.fixture(params=MASKERS, ids=str)
    def masker(self, request):
        spec = MASKERS[request.param]
        return spec.build(spec.tiny, offline_cpu())
