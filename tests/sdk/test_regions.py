"""Does a region show its colours when it is asked, and no sooner?"""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from understudy_plugins.merger.hist_match import HistMatchConfig
from understudy_plugins.merger.hist_match.merger import HistMatchMerger
from understudy_plugins.merger.overlay import OverlayConfig
from understudy_plugins.merger.overlay.merger import OverlayMerger
from understudy_plugins.merger.raw import RawConfig
from understudy_plugins.merger.raw.merger import RawMerger
from understudy_sdk import ColorDescription, InvalidValueError, Layer, Mask, Region, Swap
from understudy_sdk.placement import placed_picture, shown_box
from understudy_sdk.placement_config import PlacementConfig
from understudy_sdk.testing.values import CROP_OFFSET, plain_crop, plain_region


def numbered(height=12, width=20):
    return np.arange(height * width * 3, dtype=np.float32).reshape(height, width, 3) / 1000


def test_colours_are_made_once_and_only_when_somebody_looks():
    asked = []

    def make():
        asked.append(1)
        return numbered()

    region = Region.made_later(make, (20, 12), 3, 4, ColorDescription())
    part = region.part(5, 2, 9, 8)
    assert (region.size, region.box, part.size, part.box) == ((20, 12), (3, 4, 23, 16), (4, 6), (8, 6, 12, 12))
    assert not asked
    np.testing.assert_array_equal(part.rgb, numbered()[2:8, 5:9])
    np.testing.assert_array_equal(region.rgb, numbered())
    assert asked == [1]


def test_colours_of_another_size_than_was_said_are_refused():
    with pytest.raises(InvalidValueError, match=r"Region\.rgb"):
        _ = Region.made_later(numbered, (12, 20), 0, 0, ColorDescription()).rgb


@pytest.mark.parametrize(
    "merger",
    [OverlayMerger(OverlayConfig()), HistMatchMerger(HistMatchConfig()), RawMerger(RawConfig())],
    ids=["overlay", "hist_match", "raw"],
)
def test_mergers_that_need_no_colours_of_the_frame_ask_for_none(merger):
    def make():
        raise AssertionError("asked for the frame's colours")

    region = Region.made_later(make, (96, 80), 0, 0, ColorDescription())
    swap, mask = Swap(np.full((64, 64, 3), 0.4, np.float32)), Mask(np.ones((64, 64), np.float32))
    layer = merger.merge(region, swap, plain_crop(), mask)
    other = merger.merge(plain_region(96, 80), swap, plain_crop(), mask)
    np.testing.assert_array_equal(layer.rgb, other.rgb)
    assert layer.mask.max() == 1.0


def test_a_part_of_a_layer_is_cut_from_both_of_its_arrays():
    layer = Layer(numbered(), np.linspace(0, 1, 240, dtype=np.float32).reshape(12, 20)).part(5, 2, 9, 8)
    np.testing.assert_array_equal(layer.rgb, numbered()[2:8, 5:9])
    assert layer.mask[0, 0] == np.float32(45 / 239)


def test_the_box_of_a_mask_holds_all_that_shows_and_a_margin_on_a_grid():
    mask = np.zeros((40, 50), np.float32)
    assert shown_box(mask) == (0, 0, 0, 0)
    mask[13:18, 21] = 0.01
    assert shown_box(mask) == (21, 13, 22, 18)
    assert shown_box(mask, 2) == (19, 11, 24, 20)
    assert shown_box(mask, 2, 4) == (16, 8, 24, 20)
    assert shown_box(mask, 30, 4) == (0, 0, 50, 40)


def test_a_picture_laid_in_a_box_alone_is_the_same_there_and_nothing_elsewhere():
    picture = np.random.default_rng(1).random((32, 32, 3), np.float32)
    region, config, box = plain_region(), PlacementConfig(rotate_deg=7.0), (20, 16, 61, 50)
    whole = placed_picture(config, plain_crop(), region, picture)
    part = placed_picture(config, plain_crop(), region, picture, box=box)
    inside = slice(box[1], box[3]), slice(box[0], box[2])
    np.testing.assert_allclose(part[inside], whole[inside], atol=0.05)  # places are rounded to 1/32 px
    assert np.abs(part[inside] - whole[inside]).mean() < 2e-3
    part[inside] = 0
    assert not part.any()
    assert CROP_OFFSET[0] < box[0]  # so that the box lies within the square


def test_a_region_travels_to_another_process_and_says_where_it_lies_without_its_colours():
    def make():
        asked.append(1)
        return numbered()

    asked = []
    region = Region.made_later(make, (20, 12), 3, 4, ColorDescription(matrix=6))
    assert "(3, 4, 23, 16)" in repr(region)
    assert not asked
    there = pickle.loads(pickle.dumps(region))
    np.testing.assert_array_equal(there.rgb, numbered())
    assert (there.box, there.color) == (region.box, region.color)
