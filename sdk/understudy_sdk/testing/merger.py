"""What must every merger do?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy_sdk.stages import Merger
from understudy_sdk.types import Crop, Layer, Mask, Region, Swap

from .promises import BrokenPromiseError, about, expect, expect_finite, expect_same, expect_untouched
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
    """What every merger must do. Subclass, give a ``merger`` fixture, done."""

    @about("shape")
    def test_layer_has_the_regions_size(self, merger: Merger) -> None:
        """Whatever the swap's size, and with learnt masks or without, the layer fits; a face is seen in its middle."""
        for size, learned in ((48, False), (48, True), (128, False), (128, True)):
            layer: object = merger.merge(plain_region(), _swap(size, learned), plain_crop(), Mask(_oval(_SIZE)))
            if not isinstance(layer, Layer):
                raise BrokenPromiseError("a Layer", type(layer).__name__)
            expect(layer.rgb.shape == (80, 96, 3), "Layer.rgb of the region's size, (80, 96, 3)", layer.rgb.shape)
            expect_finite("Layer.rgb where its mask shows", layer.rgb[layer.mask > 0.0])
            middle = float(layer.mask[CROP_OFFSET[1] + _SIZE // 2, CROP_OFFSET[0] + _SIZE // 2])
            expect(middle > 0.9, "Layer.mask above 0.9 in the middle of the face", f"{middle:.3f}")

    @about("range")
    def test_nothing_shows_outside_the_square(self, merger: Merger) -> None:
        """The mask is 0 outside the crop's square, even when all of the square is masked."""
        whole = Mask(frozen(np.ones((_SIZE, _SIZE), np.float32)))
        row, column = np.mgrid[0:128, 0:128]
        for scale in (0.2, 1.0, 1.7):
            crop, side = _placed(plain_crop(), 10.0, 12.0, scale), _SIZE * scale
            mask = merger.merge(plain_region(128, 128), _swap(), crop, whole).mask
            within = (column >= 10) & (column <= 10 + side) & (row >= 12) & (row <= 12 + side)
            inside, outside = float(mask[within].max()), float(mask[~within].max())
            expect(inside > 0.5, f"a face that shows in its square of {side:g} px", f"Layer.mask up to {inside:.3f}")
            expect(outside == 0.0, f"Layer.mask 0 outside the square of {side:g} px", f"up to {outside:.3g}")

    @about("range")
    def test_empty_mask_shows_nothing(self, merger: Merger) -> None:
        """Where the masker sees no face and the model's own masks have nothing to add, the frame stays."""
        empty = frozen(np.zeros((_SIZE, _SIZE), np.float32))
        for swap in (_swap(), Swap(_swap().rgb, empty, empty)):
            most = float(merger.merge(plain_region(), swap, plain_crop(), Mask(empty)).mask.max())
            expect(most == 0.0, "Layer.mask 0 everywhere where the masks are empty", f"up to {most:.3g}")

    @about("shape")
    def test_face_may_hang_over_the_frames_edge(self, merger: Merger) -> None:
        """A region that ends where the frame ends, through the face, is merged up to its edge."""
        for corner in ((-30.0, 6.0), (8.0, -30.0), (60.0, 50.0), (-20.0, -20.0)):
            layer = merger.merge(plain_region(), _swap(), _placed(plain_crop(), *corner), Mask(_oval(_SIZE)))
            at = f"with the crop's corner at {corner}"
            expect(layer.mask.shape == (80, 96), f"Layer.mask of the region's size {at}", layer.mask.shape)
            expect(layer.mask.max() > 0.5, f"a face that shows {at}", f"Layer.mask up to {layer.mask.max():.3f}")
            expect_finite("Layer.rgb where its mask shows", layer.rgb[layer.mask > 0.0])

    @about("shape")
    def test_tiny_faces_are_merged_or_left(self, merger: Merger) -> None:
        """A face of a few pixels is no error."""
        for scale in (0.01, 0.05, 0.1):
            crop = _placed(plain_crop(), 3.0, 3.0, scale)
            layer = merger.merge(plain_region(16, 12), _swap(), crop, Mask(_oval(_SIZE)))
            expect(layer.mask.shape == (12, 16), "Layer.mask of the region's size, (12, 16)", layer.mask.shape)

    @about("place")
    def test_place_of_the_region_is_counted(self, merger: Merger) -> None:
        """The same face, further right and down in the frame together with its region, gives the same layer."""
        here = self._merge(merger, plain_region(), plain_crop())
        region = Region(plain_region().rgb, x0=100, y0=200)
        there = self._merge(merger, region, _placed(plain_crop(), CROP_OFFSET[0] + 100, CROP_OFFSET[1] + 200))
        moved = "with face and region moved together by 100, 200 px"
        expect_same(there.mask, here.mask, f"the same Layer.mask {moved}", atol=1e-4)
        shown = here.mask > 0.0
        expect_same(there.rgb[shown], here.rgb[shown], f"the same Layer.rgb {moved}", atol=1e-3)

    @about("place")
    def test_more_of_the_frame_changes_nothing(self, merger: Merger) -> None:
        """A region that reaches further than the square is merged alike; the host may give more than is needed."""
        wide = plain_region(160, 140)
        crop = _placed(plain_crop(), 40.0, 30.0)
        narrow = Region(frozen(wide.rgb[24:100, 34:110].copy()), x0=34, y0=24)
        here, there = self._merge(merger, narrow, crop), self._merge(merger, wide, crop)
        larger = "in a larger region as in a small one"
        expect_same(there.mask[24:100, 34:110], here.mask, f"the same Layer.mask {larger}", atol=1e-4)
        shown = here.mask > 0.0
        expect_same(there.rgb[24:100, 34:110][shown], here.rgb[shown], f"the same Layer.rgb {larger}", atol=1e-2)

    @about("range")
    def test_excursions_beyond_white_and_black_are_taken(self, merger: Merger) -> None:
        """A region that leaves 0 to 1, as limited-range footage may, is merged like any other."""
        region = Region(frozen(plain_region().rgb * np.float32(1.6) - np.float32(0.3)), 0, 0)
        layer = self._merge(merger, region, plain_crop())
        shown = layer.rgb[layer.mask > 0.0]
        expect_finite("Layer.rgb over a region that leaves 0 to 1", shown)
        most = float(np.abs(shown).max())
        expect(most < 4.0, "Layer.rgb within 4 of 0 over a region from -0.3 to 1.3", f"up to {most:.3g}")

    @about("repeats")
    def test_merges_the_same_again(self, merger: Merger) -> None:
        """Asked again the answer is the same, and the first answer stays as it was."""
        region, swap, crop, mask = plain_region(), _swap(learned=True), plain_crop(), Mask(_oval(_SIZE))
        first = merger.merge(region, swap, crop, mask)
        kept = first.rgb.copy(), first.mask.copy()
        second = merger.merge(region, swap, crop, mask)
        expect_same(second.mask, kept[1], "the same Layer.mask asked again as at first")
        shown = first.mask > 0.0
        expect_same(second.rgb[shown], kept[0][shown], "the same Layer.rgb asked again as at first")
        merger.merge(plain_region(seed=3), swap, plain_crop(220), mask)
        expect_same(first.mask, kept[1], "an answer that was given stays as it is")
        expect_same(first.rgb[shown], kept[0][shown], "an answer that was given stays as it is")

    @about("purity")
    def test_leaves_its_input_alone(self, merger: Merger) -> None:
        """Region, swap, crop and mask are read only, and a layer is not a view of the region."""
        region, swap, crop, mask = plain_region(), _swap(learned=True), plain_crop(), Mask(_oval(_SIZE))
        pictures = {"Region.rgb": region.rgb, "Swap.rgb": swap.rgb, "Crop.rgb": crop.rgb, "Mask.values": mask.values}
        others = {"Swap.source_mask": swap.source_mask, "Swap.target_mask": swap.target_mask}
        with expect_untouched({**pictures, **others, "Crop.landmarks": crop.landmarks}):
            layer = merger.merge(region, swap, crop, mask)
        shares = np.shares_memory(layer.rgb, region.rgb)
        expect(not shares, "a Layer.rgb of its own", "it shares the memory of Region.rgb")

    def _merge(self, merger: Merger, region: Region, crop: Crop) -> Layer:
        return merger.merge(region, _swap(), crop, Mask(_oval(_SIZE)))
