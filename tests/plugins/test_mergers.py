"""Does every registered merger keep the contract?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy_sdk.stages import Reaching
from understudy_sdk.testing.merger import MergerContract
from understudy_sdk.testing.values import offline_cpu

MERGERS = discover().mergers
BUILT_IN = {"overlay", "hist_match", "seamless_clone", "seamless_hist_match", "laplacian", "raw"}


def test_the_built_ins_are_offered():
    assert set(MERGERS) >= BUILT_IN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_each_built_in_asks_for_the_frame_that_its_face_may_cover(name):
    config = MERGERS[name].config(face_scale_percent=25.0, shift_x_percent=5.0)
    merger = MERGERS[name].build(config, offline_cpu())
    assert isinstance(merger, Reaching)
    assert merger.reach == pytest.approx(1.35)


class TestEveryMerger(MergerContract):
    @pytest.fixture(params=MERGERS, ids=str)
    def merger(self, request):
        spec = MERGERS[request.param]
        return spec.build(spec.tiny, offline_cpu())
