"""Does every registered merger keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy_sdk.testing.merger import MergerContract
from understudy_sdk.testing.values import offline_cpu

MERGERS = discover().mergers


def test_the_built_ins_are_offered():
    assert {"overlay", "seamless_clone"} <= set(MERGERS)


class TestEveryMerger(MergerContract):
    @pytest.fixture(params=MERGERS, ids=str)
    def merger(self, request):
        spec = MERGERS[request.param]
        return spec.build(spec.tiny, offline_cpu())
