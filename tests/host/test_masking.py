"""Do several maskers make one mask, and is each blamed for its own faults?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import PluginFailedError
from understudy.masking import JoinedMasker
from understudy.plugins import Offer, Origin
from understudy.project import Chosen
from understudy_sdk import Mask, StageConfig, StageError, StageSpec
from understudy_sdk.testing.values import offline_cpu, plain_crop


def chosen(name, answer):
    """A masker that answers what ``answer`` makes of the crops."""

    class Masker:
        def mask(self, crops):
            return answer(crops)

    spec = StageSpec(
        name=name, summary="Answers.", config=StageConfig, tiny=StageConfig(), build=lambda config, resources: Masker()
    )
    return Chosen("masker", Offer("masker", spec, Origin(name, f"the-{name}", "1.0")), StageConfig())


def levels(*values):
    """A masker whose masks are flat: one level for each crop."""
    return lambda crops: [
        Mask(np.full((crop.size, crop.size), value, np.float32)) for crop, value in zip(crops, values, strict=False)
    ]


def joined(join, *parts):
    return JoinedMasker.build(parts, join, offline_cpu())


def test_one_masker_answers_as_it_is():
    one = joined("minimum", chosen("a", levels(0.25, 0.5)))
    crops = [plain_crop(size=32), plain_crop(size=48)]
    assert [(mask.values.shape, mask.values.max()) for mask in one.mask(crops)] == [((32, 32), 0.25), ((48, 48), 0.5)]
    assert one.mask([]) == []


@pytest.mark.parametrize(("join", "expected"), [("minimum", (0.25, 0.125)), ("product", (0.0625, 0.0625))])
def test_masks_are_joined_crop_by_crop(join, expected):
    parts = (chosen("a", levels(0.5, 1.0)), chosen("b", levels(0.25, 0.125)), chosen("c", levels(0.5, 0.5)))
    masks = joined(join, *parts).mask([plain_crop(), plain_crop(seed=1)])
    assert [mask.values.max() for mask in masks] == pytest.approx(expected)


@pytest.mark.parametrize("order", [1, -1])
def test_the_larger_mask_keeps_its_size_and_the_smaller_covers_the_same_square(order):
    def half(size):
        values = np.zeros((size, size), np.float32)
        values[:, size // 2 :] = 1.0
        return lambda crops: [Mask(values)]

    (mask,) = joined("minimum", *[chosen("a", half(64)), chosen("b", half(256))][::order]).mask([plain_crop(size=64)])
    assert mask.values.shape == (256, 256)
    assert mask.values[:, :124].max() == 0.0
    assert mask.values[:, 132:].min() == 1.0


def test_a_failing_part_is_blamed_by_name():
    def fails(crops):
        raise ZeroDivisionError("mask of nothing")

    stage = joined("product", chosen("good", levels(1.0)), chosen("bad", fails))
    with pytest.raises(PluginFailedError, match=r"masker 'bad' \(from the-bad\) failed while masking faces"):
        stage.mask([plain_crop()])


def test_too_few_masks_are_blamed_too():
    stage = joined("product", chosen("short", lambda crops: []), chosen("good", levels(1.0)))
    with pytest.raises(PluginFailedError, match=r"'short'.*0 for 1 crops"):
        stage.mask([plain_crop()])


def test_what_the_user_can_mend_comes_through():
    def refuses(crops):
        raise StageError("the matte is missing")

    with pytest.raises(StageError, match="the matte is missing"):
        joined("minimum", chosen("a", refuses)).mask([plain_crop()])
