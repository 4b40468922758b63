"""How are coarse and fine differences between a face and a frame faded apart?

P. J. Burt and E. H. Adelson, "A Multiresolution Spline With Application to Image Mosaics", ACM TOG 2(4), 1983: each
band of detail fades over its own wavelength. Theirs adds two pyramids, and what lies outside the mask bleeds into it.
Here it is the difference between face and frame that is split, and each band is a mean over the mask alone (H. Knutsson
and C.-F. Westin, "Normalized and Differential Convolution", CVPR 1993). So nothing outside the mask, and nothing of the
frame deeper inside than a band fades, has a say: no halo, and no pumping. Bands lie on the crop's grid, which moves
with the face.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Crop, Layer, Mask, Region, Swap
from understudy_sdk.blending import frame_of_mask, lay_picture, margin_of, recolored_swap
from understudy_sdk.face_masks import face_mask, hard_mask
from understudy_sdk.geometry import invert
from understudy_sdk.mask_edges import soft_edge
from understudy_sdk.placement import placed_picture, shown_box, trimmed
from understudy_sdk.texture import textured
from understudy_sdk.warp import resize_square, warp_mask, warp_picture

from . import LaplacianConfig

__all__ = ["LaplacianMerger"]

F32 = npt.NDArray[np.float32]

_SIDE: Final = 128
"""Side in px at which bands are made: the finest is what is left of the difference, at the frame's own pixels."""

_FINEST_PX: Final = 4.0
"""The first band that is not the finest fades over twice this at least, in px of a crop of side 256."""

_SIGMA: Final = 0.25
"""A band holds what a Gaussian of this share of the width over which it fades takes away."""

_LEAST_WEIGHT: Final = 1e-4
"""Where less of the mask lies within a Gaussian, there is no difference to speak of."""


class LaplacianMerger:
    """Takes from the face, near the mask's edge, the broad differences of light from the frame."""

    def __init__(self, config: LaplacianConfig) -> None:
        self._config = config
        self.reach = config.reach

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return the face, in the frame's light near its edge, and the mask of its finest detail."""
        config = self._config
        shape = face_mask(config, swap, mask, frame_of_mask(config, region, crop))
        rgb = recolored_swap(config, swap.rgb, region, crop, shape)
        margin = margin_of(config)
        layer = lay_picture(config, region, crop, rgb, shape, margin_px=margin)
        if not layer.mask.any():
            return layer
        hard = resize_square(hard_mask(config, swap, mask), _SIDE)
        excess = self._excess(region, crop, rgb, hard, resize_square(shape, _SIDE))
        box = None if margin is None else shown_box(layer.mask, margin)
        faded = Layer(layer.rgb - placed_picture(config, crop, region, excess, box=box), layer.mask)
        return textured(config, faded, region, crop, swap)

    def _excess(self, region: Region, crop: Crop, rgb: F32, hard: F32, shown: F32) -> F32:
        """Return what the broad bands of the difference are too much by, float32 (128, 128, 3).

        A band that shows by ``wide`` where the finest shows by ``shown`` is to be left ``wide / shown`` of itself.
        """
        to_crop = invert(trimmed(self._config, crop, region, _SIDE))
        frame = warp_picture(region.rgb, to_crop, _SIDE)
        exists = warp_mask(np.ones(region.size[::-1], np.float32), to_crop, _SIDE)
        difference, counts = resize_square(rgb, _SIDE) - frame, hard * exists
        excess = np.zeros_like(difference)
        widths = _widths(self._config.mask_blur_px, self._config.spread_px)
        means = [_mean_within(difference, counts, _SIGMA * width * _SIDE / 256) for width in widths]
        for width, mean, broader in zip(widths, means, [*means[1:], None], strict=True):
            half = width * _SIDE / 256
            wide = soft_edge(hard, (half, half, half, half))
            left = np.divide(wide, shown, out=np.zeros_like(wide), where=shown > 0.0).clip(0.0, 1.0)
            excess += (1.0 - left)[..., None] * (mean if broader is None else mean - broader)
        return excess


def _widths(finest_px: float, broadest_px: float) -> list[float]:
    """Return over how many px the bands fade but for the finest one: each twice as far as the one before."""
    widths = [2.0 * max(finest_px, _FINEST_PX)]
    while widths[-1] * 1.5 < broadest_px:
        widths.append(min(2.0 * widths[-1], broadest_px))
    return widths


def _mean_within(values: F32, weights: F32, sigma: float) -> F32:
    """Return the mean around each pixel over what counts, float32 (S, S, 3); 0 where nothing near does."""
    size = len(values)
    small = max(16, min(size, 2 ** round(np.log2(size * 2.0 / sigma)))) if sigma > 2.0 else size
    weighted = np.dstack([values * weights[..., None], weights])
    if small < size:
        weighted = np.asarray(cv2.resize(weighted, (small, small), interpolation=cv2.INTER_AREA), np.float32)
    own = sigma * small / size
    blurred = np.asarray(cv2.GaussianBlur(weighted, (0, 0), own, borderType=cv2.BORDER_CONSTANT), np.float32)
    total = blurred[..., 3:]
    mean = np.divide(blurred[..., :3], total, out=np.zeros_like(blurred[..., :3]), where=total > _LEAST_WEIGHT)
    if small < size:
        mean = np.asarray(cv2.resize(mean, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
    return mean
