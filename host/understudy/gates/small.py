"""How does a merged face look small, before and after, at a cost that merging does not feel?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from understudy.swapping import Laid
from understudy.video import ClipInfo
from understudy.video.codes import codes_of, rgb_of_codes
from understudy.video.orientation import Orientation
from understudy.video.planes import PixelLayout
from understudy_sdk.types import F32, F64

__all__ = ["SmallFace", "small_face"]

_MOST_PX: Final = 128
_SQUARE_PX: Final = 64

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
    changes = laid.laying.planes
    was = [change.before for change in changes]
    now = [
        codes_of(plane[change.top : change.top + rows, change.left : change.left + columns], layout)
        for plane, change, (rows, columns) in zip(planes, changes, (codes.shape for codes in was), strict=True)
    ]
    factor = _factor(laid.laying.mask.shape)
    before, after = (_small_rgb(codes, layout, info, factor) for codes in (was, now))
    mask = laid.laying.mask / max(float(laid.laying.mask.max(initial=0.0)), 1e-6)
    small_mask = np.ascontiguousarray(info.orientation.upright(_shrunk(mask, mask.shape, factor)))
    to_square = _to_square(laid, small_mask, factor, info.orientation)
    return SmallFace(before, after, small_mask, to_square)


def _factor(shape: tuple[int, ...]) -> int:
    """Return how many pixels become one in each direction: 1, or an even number, which is fast, and suits chroma."""
    most = max(shape)
    return 1 if most <= _MOST_PX else 2 * -(-most // (2 * _MOST_PX))


def _small_rgb(codes: Sequence[F32], layout: PixelLayout, info: ClipInfo, factor: int) -> F32:
    small = [_shrunk(plane, codes[0].shape, factor) for plane in codes]
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


def _to_square(laid: Laid, small: F32, factor: int, turn: Orientation) -> F64:
    """Return the way from a small upright picture to the square, by way of the frame; (0, 0) is a pixel's centre."""
    left_over = [whole - side * factor for whole, side in zip(laid.layer.mask.shape, small.shape, strict=True)]
    x0 = laid.region.x0 + (left_over[1] if turn.is_flipped_x else 0) + (factor - 1) / 2
    y0 = laid.region.y0 + (left_over[0] if turn.is_flipped_y else 0) + (factor - 1) / 2
    to_frame = np.array([[factor, 0, x0], [0, factor, y0], [0, 0, 1]])
    share = _SQUARE_PX / laid.crop.size
    to_small = np.array([[share, 0, share / 2 - 0.5], [0, share, share / 2 - 0.5]])
    return np.asarray(to_small @ np.vstack([laid.crop.frame_to_crop, [0, 0, 1]]) @ to_frame, np.float64)
