"""How does a merged face look small, before and after, at a cost that merging does not feel?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.swapping import Laid
from understudy.video import ClipInfo, Laying
from understudy.video.codes import codes_of, rgb_of_codes
from understudy.video.orientation import Box
from understudy.video.planes import PixelLayout
from understudy_sdk.geometry import crop_corners
from understudy_sdk.types import F32, F64

__all__ = ["SmallFace", "small_face"]

_MOST_PX: Final = 128
_SQUARE_PX: Final = 64
_RING: Final = 1 / 8
"""How wide a ring around a mask is looked at, by the root of the mask's area."""


Samples = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class SmallFace:
    """A merged face and what was there before, both taken from the frame's own samples.

    Attributes:
        before: float32 (h, w, 3), 0 to 1, upright; no side is longer than 128 px.
        after: The same part, merged.
        mask: float32 (h, w), how much of each pixel is the swap's; its greatest value is 1 where it shows at all.
        to_square: float64 (2, 3), from the small pictures' pixels to those of the crop's square at 64 px.
    """

    before: F32
    after: F32
    mask: F32
    to_square: F64

    def square(self, picture: F32) -> F32:
        """Return a small picture warped to the crop's square."""
        size = _SQUARE_PX, _SQUARE_PX
        return np.asarray(cv2.warpAffine(picture, self.to_square, size, borderMode=cv2.BORDER_REPLICATE), np.float32)

    def square_mask(self) -> F32:
        """Return the mask warped to the crop's square; beyond the region nothing counts."""
        size = _SQUARE_PX, _SQUARE_PX
        return np.asarray(cv2.warpAffine(self.mask, self.to_square, size), np.float32)


def small_face(planes: Sequence[Samples], laid: Laid, info: ClipInfo, layout: PixelLayout) -> SmallFace:
    """Return a face of a merged frame.

    Args:
        planes: The frame's samples.
        laid: The face.
        info: The clip's facts.
        layout: What the planes hold.
    """
    window = _window(laid.laying, layout, info)
    x0, y0, x1, y1 = window
    left, top = laid.laying.box[0] - x0, laid.laying.box[1] - y0
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    inner = laid.laying.mask
    mask[top : top + inner.shape[0], left : left + inner.shape[1]] = inner / max(float(inner.max(initial=0.0)), 1e-6)
    factor = _factor(max(*mask.shape, *_sides(laid)))
    now = [_codes_in(window, plane, planes[0], layout) for plane in planes]
    after = _small_rgb(now, layout, info, factor)
    for (codes, (column, row)), change in zip(now, laid.laying.planes, strict=True):
        high, wide = change.before.shape
        codes[change.top - row : change.top - row + high, change.left - column : change.left - column + wide] = (
            change.before
        )
    before = _small_rgb(now, layout, info, factor)
    small_mask = np.ascontiguousarray(info.orientation.upright(_shrunk(mask, mask.shape, factor)))
    return SmallFace(before, after, small_mask, _to_square(laid, window, small_mask.shape, factor, info))


def _window(laying: Laying, layout: PixelLayout, info: ClipInfo) -> Box:
    """Return the stored box of what was laid and of a ring around it, on the grid of the chroma samples."""
    ring = round(float(np.sqrt(laying.mask.sum())) * _RING) + 1
    x0, y0, x1, y1 = laying.box
    width, height = info.stored_size
    across, down = layout.sub_x, layout.sub_y
    return (
        max(x0 - ring, 0) // across * across,
        max(y0 - ring, 0) // down * down,
        min(-(-(x1 + ring) // across) * across, width),
        min(-(-(y1 + ring) // down) * down, height),
    )


def _codes_in(window: Box, plane: Samples, first: Samples, layout: PixelLayout) -> tuple[F32, tuple[int, int]]:
    """Return the code values of a channel in a stored box, and the column and row at which they begin in its plane."""
    across, down = (layout.sub_x, layout.sub_y) if plane.shape != first.shape else (1, 1)
    x0, y0, x1, y1 = window
    column, row = x0 // across, y0 // down
    return codes_of(plane[row : -(-y1 // down), column : -(-x1 // across)], layout), (column, row)


def _sides(laid: Laid) -> tuple[int, int]:
    """Return width and height of the box around the crop's square in the frame."""
    wide, high = np.ceil(np.ptp(crop_corners(laid.crop.frame_to_crop, laid.crop.size), axis=0)).astype(int)
    return int(wide), int(high)


def _factor(most: int) -> int:
    """Return how many pixels become one in each direction: 1, or an even number, which is fast, and suits chroma."""
    return 1 if most <= _MOST_PX else 2 * -(-most // (2 * _MOST_PX))


def _small_rgb(found: Sequence[tuple[F32, tuple[int, int]]], layout: PixelLayout, info: ClipInfo, factor: int) -> F32:
    shape = found[0][0].shape
    small = [_shrunk(codes, shape, factor) for codes, _ in found]
    rgb = rgb_of_codes(small, layout, info.color)
    return np.asarray(np.clip(info.orientation.upright_copy(rgb), 0, 1), np.float32)


def _shrunk(plane: F32, shape: tuple[int, ...], factor: int) -> F32:
    """Shrink a channel of a part of that shape; what is left over at the right and below falls away."""
    if factor == 1 and plane.shape == shape:
        return plane.copy()
    rows, columns = (max(side // factor, 1) for side in shape[:2])
    sub_y, sub_x = (round(whole / coarse) for whole, coarse in zip(shape, plane.shape, strict=True))
    part = plane[: max(rows * factor // sub_y, 1), : max(columns * factor // sub_x, 1)]
    return np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _to_square(laid: Laid, window: Box, small: tuple[int, ...], factor: int, info: ClipInfo) -> F64:
    """Return the way from a small upright picture to the square, by way of the frame; (0, 0) is a pixel's centre."""
    turn = info.orientation
    x0, y0, x1, y1 = turn.upright_box(window, info.width, info.height)
    left = x1 - small[1] * factor if turn.is_flipped_x else x0  # what is left over fell away at the stored end
    top = y1 - small[0] * factor if turn.is_flipped_y else y0
    half = (factor - 1) / 2
    to_frame = np.array([[factor, 0, left + half], [0, factor, top + half], [0, 0, 1]])
    share = _SQUARE_PX / laid.crop.size
    to_small = np.array([[share, 0, share / 2 - 0.5], [0, share, share / 2 - 0.5]])
    return np.asarray(to_small @ np.vstack([laid.crop.frame_to_crop, [0, 0, 1]]) @ to_frame, np.float64)
