"""What must every merger do?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from understudy_sdk.stages import Merger
from understudy_sdk.types import Crop, Layer, Mask, Region, Swap

from .values import CROP_OFFSET, frozen, plain_crop, plain_region

__all__ = ["MergerContract"]

F32 = npt.NDArray[np.float32]

_SIZE = 64
"""Side of the crops merged here, in px of the crop and, since the scale is 1, of the frame."""


def _oval(size: int) -> F32:
    """Return a mask of an upright oval, half the square wide."""
    row, column = np.mgrid[0:size, 0:size] / size - 0.5
    return np.asarray(frozen((np.hypot(column / 0.28, row / 0.36) < 1.0).astype(np.float32)))


def _swap(size: int = 48, learned: bool = False) -> Swap:
    """Return a swap of soft noise, with an oval for every mask that may come with it or without any."""
    coarse = np.random.default_rng(7).uniform(0.1, 0.9, (size // 8, size // 8, 3)).astype(np.float32)
    rgb = frozen(coarse.repeat(8, axis=0).repeat(8, axis=1))
    return Swap(rgb, _oval(size), _oval(size), _oval(size)) if learned else Swap(rgb)


def _placed(crop: Crop, x: float, y: float, scale: float = 1.0) -> Crop:
    """Return the crop at another place of the frame: its top-left corner, and frame pixels per crop pixel."""
    frame_to_crop = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]]) / scale
    return Crop(crop.rgb, frozen(frame_to_crop), crop.face_type, crop.landmarks)


class MergerContract:
    """What every merger must do. Subclass, override the ``merger`` fixture, done."""

    @pytest.fixture
    def merger(self) -> Merger:
        """Give the merger under test."""
        pytest.fail("a subclass of this contract overrides the fixture 'merger'")

    @pytest.mark.parametrize("learned", [False, True])
    @pytest.mark.parametrize("swap_size", [48, 128])
    def test_layer_has_the_regions_size(self, merger: Merger, swap_size: int, learned: bool) -> None:
        """Whatever the swap's size, and with learnt masks or without, the layer fits; a face is seen in its middle."""
        layer = merger.merge(plain_region(), _swap(swap_size, learned), plain_crop(), Mask(_oval(_SIZE)))
        assert layer.rgb.shape == (80, 96, 3)
        assert np.isfinite(layer.rgb[layer.mask > 0.0]).all()
        assert layer.mask[CROP_OFFSET[1] + _SIZE // 2, CROP_OFFSET[0] + _SIZE // 2] > 0.9

    @pytest.mark.parametrize("scale", [0.2, 1.0, 1.7])
    def test_nothing_shows_outside_the_square(self, merger: Merger, scale: float) -> None:
        """The mask is 0 outside the crop's square, even when all of the square is masked."""
        crop, side = _placed(plain_crop(), 10.0, 12.0, scale), _SIZE * scale
        region = plain_region(128, 128)
        layer = merger.merge(region, _swap(), crop, Mask(frozen(np.ones((_SIZE, _SIZE), np.float32))))
        row, column = np.mgrid[0:128, 0:128]
        within = (column >= 10) & (column <= 10 + side) & (row >= 12) & (row <= 12 + side)
        assert layer.mask[within].max() > 0.5
        assert layer.mask[~within].max() == 0.0

    @pytest.mark.parametrize("learned", [False, True])
    def test_empty_mask_shows_nothing(self, merger: Merger, learned: bool) -> None:
        """Where the masker sees no face and the model's own masks have nothing to add, the frame stays."""
        empty = frozen(np.zeros((_SIZE, _SIZE), np.float32))
        swap = Swap(_swap().rgb, empty, empty) if learned else _swap()
        assert merger.merge(plain_region(), swap, plain_crop(), Mask(empty)).mask.max() == 0.0

    @pytest.mark.parametrize("corner", [(-30.0, 6.0), (8.0, -30.0), (60.0, 50.0), (-20.0, -20.0)], ids=str)
    def test_face_may_hang_over_the_frames_edge(self, merger: Merger, corner: tuple[float, float]) -> None:
        """A region that ends where the frame ends, through the face, is merged up to its edge."""
        layer = merger.merge(plain_region(), _swap(), _placed(plain_crop(), *corner), Mask(_oval(_SIZE)))
        assert layer.mask.shape == (80, 96)
        assert layer.mask.max() > 0.5
        assert np.isfinite(layer.rgb[layer.mask > 0.0]).all()

    @pytest.mark.parametrize("scale", [0.01, 0.05, 0.1])
    def test_tiny_faces_are_merged_or_left(self, merger: Merger, scale: float) -> None:
        """A face of a few pixels is no error."""
        layer = merger.merge(plain_region(16, 12), _swap(), _placed(plain_crop(), 3.0, 3.0, scale), Mask(_oval(_SIZE)))
        assert layer.mask.shape == (12, 16)

    def test_place_of_the_region_is_counted(self, merger: Merger) -> None:
        """The same face, further right and down in the frame together with its region, gives the same layer."""
        here = self._merge(merger, plain_region(), plain_crop())
        region = Region(plain_region().rgb, x0=100, y0=200)
        there = self._merge(merger, region, _placed(plain_crop(), CROP_OFFSET[0] + 100, CROP_OFFSET[1] + 200))
        np.testing.assert_allclose(there.mask, here.mask, atol=1e-4)
        np.testing.assert_allclose(there.rgb[here.mask > 0.0], here.rgb[here.mask > 0.0], atol=1e-3)

    def test_more_of_the_frame_changes_nothing(self, merger: Merger) -> None:
        """A region that reaches further than the square is merged alike; the host may give more than is needed."""
        wide = plain_region(160, 140)
        crop = _placed(plain_crop(), 40.0, 30.0)
        narrow = Region(frozen(wide.rgb[24:100, 34:110].copy()), x0=34, y0=24)
        here, there = self._merge(merger, narrow, crop), self._merge(merger, wide, crop)
        np.testing.assert_allclose(there.mask[24:100, 34:110], here.mask, atol=1e-4)
        shown = here.mask > 0.0
        np.testing.assert_allclose(there.rgb[24:100, 34:110][shown], here.rgb[shown], atol=1e-2)

    def test_excursions_beyond_white_and_black_are_taken(self, merger: Merger) -> None:
        """A region that leaves 0 to 1, as limited-range footage may, is merged like any other."""
        region = Region(frozen(plain_region().rgb * np.float32(1.6) - np.float32(0.3)), 0, 0)
        layer = self._merge(merger, region, plain_crop())
        shown = layer.rgb[layer.mask > 0.0]
        assert np.isfinite(shown).all()
        assert np.abs(shown).max() < 4.0

    def test_leaves_its_input_alone_and_repeats_itself(self, merger: Merger) -> None:
        """Region, swap, crop and mask stay as they were, and asked again the answer is the same."""
        region, swap, crop, mask = plain_region(), _swap(learned=True), plain_crop(), Mask(_oval(_SIZE))
        inputs = region.rgb, swap.rgb, swap.source_mask, swap.target_mask, crop.rgb, crop.landmarks, mask.values
        before = [None if array is None else array.copy() for array in inputs]
        first, second = merger.merge(region, swap, crop, mask), merger.merge(region, swap, crop, mask)
        np.testing.assert_array_equal(first.mask, second.mask)
        np.testing.assert_array_equal(first.rgb[first.mask > 0.0], second.rgb[first.mask > 0.0])
        for kept, now in zip(before, inputs, strict=True):
            np.testing.assert_array_equal(kept, now)
        assert not np.shares_memory(first.rgb, region.rgb)

    def _merge(self, merger: Merger, region: Region, crop: Crop) -> Layer:
        return merger.merge(region, _swap(), crop, Mask(_oval(_SIZE)))
