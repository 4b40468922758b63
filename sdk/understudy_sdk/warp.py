"""How is a picture moved by an affine without aliasing or seams?

Coordinates are those of ``geometry``: an integer is a pixel's centre. Interpolation is OpenCV's (its versions 4 and 5
differ by a few hundredths at hard edges). OpenCV takes single samples of the input and so aliases when a picture
shrinks; here the input is smoothed beforehand, by as much as it shrinks and only where it is looked at. The
exceptions are ``warp_bilinear`` and ``warp_sampled``, for results that are to equal DeepFaceLab's.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from .geometry import F64, compose, invert, transform_points

__all__ = ["Border", "Filter", "resize_square", "warp_bilinear", "warp_mask", "warp_picture", "warp_sampled"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
PictureT = TypeVar("PictureT", U8, F32)

Border = Literal["edge", "black"]
Filter = Literal["linear", "cubic"]

_BORDERS: Final = {"edge": cv2.BORDER_REPLICATE, "black": cv2.BORDER_CONSTANT}
_FILTERS: Final = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}


def warp_picture(
    picture: PictureT,
    affine: F64,
    size: int | tuple[int, int],
    *,
    border: Border = "edge",
    interpolation: Filter = "cubic",
) -> PictureT:
    """Return a picture moved by an affine.

    Where the affine shrinks, the input is averaged over whole blocks of pixels (only below a quarter of its size) and
    blurred with a Gaussian of sigma ``(1 / scale - 1) / 2`` px, both before it is sampled.

    Args:
        picture: uint8 or float32 (H, W, C) or (H, W).
        affine: float64 (2, 3), from the picture's pixels to the result's.
        size: Of the result: its side, or its width and height, in px.
        border: What lies beyond the picture: its outermost pixels, or 0.
        interpolation: ``cubic`` is the sharper, but leaves the range of its inputs beside edges.

    Returns:
        The picture's type, (height, width, C) or (height, width); float values are not clipped.
    """
    width, height = (size, size) if isinstance(size, int) else size
    picture, affine = _smoothed(picture, affine, width, height, border)
    # Unlike a resize, this applies `affine` from input to output coordinates and inverts it itself.
    moved = cv2.warpAffine(picture, affine, (width, height), flags=_FILTERS[interpolation], borderMode=_BORDERS[border])
    return np.asarray(moved, picture.dtype)


def warp_bilinear(picture: PictureT, affine: F64, size: int | tuple[int, int]) -> PictureT:
    """Return a picture moved by an affine as DeepFaceLab cuts its crops: bilinear, and black beyond the picture.

    Takes single samples of the input, so that whatever is finer than the result's pixels turns into false patterns
    where the affine shrinks. ``warp_picture`` is the better choice where nothing has to match.

    Args:
        picture: uint8 or float32 (H, W, C) or (H, W).
        affine: float64 (2, 3), from the picture's pixels to the result's.
        size: Of the result: its side, or its width and height, in px.
    """
    extent = (size, size) if isinstance(size, int) else size
    moved = cv2.warpAffine(picture, affine, extent, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(moved, picture.dtype)


def warp_sampled(picture: PictureT, affine: F64, size: int | tuple[int, int]) -> PictureT:
    """Return a picture moved by an affine as DeepFaceLab pastes its faces: cubic, and black beyond the picture.

    Takes single samples of the input, as ``warp_bilinear`` does; the same is said of it.

    Args:
        picture: uint8 or float32 (H, W, C) or (H, W).
        affine: float64 (2, 3), from the picture's pixels to the result's.
        size: Of the result: its side, or its width and height, in px.
    """
    extent = (size, size) if isinstance(size, int) else size
    moved = cv2.warpAffine(picture, affine, extent, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(moved, picture.dtype)


def warp_mask(mask: F32, affine: F64, size: int | tuple[int, int], *, border: Border = "black") -> F32:
    """Return a mask moved by an affine, float32 (height, width), 0 to 1; beyond the mask is 0 unless said otherwise.

    Args:
        mask: float32 (H, W), 0 to 1.
        affine: float64 (2, 3), from the mask's pixels to the result's.
        size: Of the result: its side, or its width and height, in px.
        border: What lies beyond the mask: 0, or its outermost pixels.
    """
    moved = warp_picture(mask, affine, size, border=border, interpolation="linear")
    return np.clip(moved, 0.0, 1.0, out=moved)


def resize_square(picture: PictureT, size: int, *, interpolation: Filter = "linear") -> PictureT:
    """Return what shows the same crop square at another size, by the rule of ``geometry.scale_crop``.

    Args:
        picture: uint8 or float32 (S, S, C) or (S, S).
        size: Side wanted, in px.
        interpolation: As for ``warp_picture``.
    """
    if picture.shape[0] == size:
        return picture
    factor = size / picture.shape[0]
    affine = np.array([[factor, 0.0, 0.0], [0.0, factor, 0.0]])
    return warp_picture(picture, affine, size, interpolation=interpolation)


def _smoothed(picture: PictureT, affine: F64, width: int, height: int, border: Border) -> tuple[PictureT, F64]:
    """Return the part of the picture that the result shows, smoothed and perhaps shrunk, and its affine."""
    scale = math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))
    block = max(1, int(0.5 / scale))
    sigma = 0.5 * (1.0 / (scale * block) - 1.0)
    if sigma < 0.2:  # a neighbour would weigh less than one step in 255
        return picture, affine
    part, x0, y0 = _visible_part(picture, affine, width, height, block, border)
    if block > 1:
        shrunk_size = part.shape[1] // block, part.shape[0] // block
        part = np.asarray(cv2.resize(part, shrunk_size, interpolation=cv2.INTER_AREA), picture.dtype)
    part = np.asarray(cv2.GaussianBlur(part, (0, 0), sigma, borderType=_BORDERS[border]), picture.dtype)
    middle = (block - 1) / 2  # a block's centre, counted from its first pixel
    part_to_picture = np.array([[block, 0.0, x0 + middle], [0.0, block, y0 + middle]])
    return part, compose(part_to_picture, affine)


def _visible_part(
    picture: PictureT, affine: F64, width: int, height: int, block: int, border: Border
) -> tuple[PictureT, int, int]:
    """Return the box of the picture that the result shows, with a margin, in whole blocks, and its left and top."""
    corners = transform_points(invert(affine), np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64))
    scale = math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))
    margin = 4.0 / scale + block  # reach of the blur and of the cubic filter, in the picture's pixels
    rows, columns = picture.shape[:2]
    x0, x1 = _clamped_span(corners[:, 0].min() - margin, corners[:, 0].max() + margin, columns)
    y0, y1 = _clamped_span(corners[:, 1].min() - margin, corners[:, 1].max() + margin, rows)
    part = picture[y0:y1, x0:x1]
    missing_rows, missing_columns = -part.shape[0] % block, -part.shape[1] % block
    if missing_rows or missing_columns:
        padded = cv2.copyMakeBorder(part, 0, missing_rows, 0, missing_columns, _BORDERS[border])
        part = np.asarray(padded, picture.dtype)
    return part, x0, y0


def _clamped_span(low: float, high: float, length: int) -> tuple[int, int]:
    """Return the whole pixels from low to high that exist, one at least."""
    start = min(max(math.floor(low), 0), length - 1)
    return start, max(min(math.ceil(high), length), start + 1)
