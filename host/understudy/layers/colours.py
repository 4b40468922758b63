"""Which colour and which alpha, laid over the frame as it was, give the merged frame?

``before * (1 - alpha) + colour * alpha`` is the merged sample, so a colour is ``before + step / alpha``. Alpha is the
cover, rounded up to a step of the file, and the colour follows from the rounded one; so the file's precision costs
nothing. Where a colour would lie beyond what the file holds, alpha is raised just as far as brings it back. A clip's
coarser chroma stays on its own grid: every pixel of a chroma sample has that sample's colour, by the mean of their
alphas, which is what a compositor that averages gets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.video.color import gray_levels, to_rgb
from understudy.video.planes import PixelLayout
from understudy_sdk import ColorDescription
from understudy_sdk.linear_light import to_light

from .patch import Patch, mean_of_cells, repeated

__all__ = ["Colours", "colours_of", "held_in_rgb", "light_of", "rgb_of"]

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """Straight colours and alpha of a part of a frame, as stored.

    Attributes:
        alpha: float32 (h, w), 0 to 1, a step of the file each.
        planes: The clip's numbers, float32 (h, w) each, all on the luma grid; ``before`` where alpha is 0.
    """

    alpha: F32
    planes: tuple[F32, ...]


def colours_of(
    patch: Patch,
    layout: PixelLayout,
    alpha_top: int,
    limits: tuple[float, float] | None,
    *,
    is_mean_whole: bool = False,
) -> Colours:
    """Return the colours that a patch needs.

    Args:
        patch: What a swap did.
        layout: The clip's pixel format.
        alpha_top: The greatest number of the file's alpha.
        limits: The least and greatest number that the file holds; None where there are none.
        is_mean_whole: Whether who reads it rounds the mean alpha of a chroma sample down to a number of alpha.
    """
    alpha = patch.cover.copy()
    is_coarse = [part.step.shape != alpha.shape for part in patch.planes]
    for part in patch.planes:
        need = _needed(part.before, part.step, limits)
        np.maximum(alpha, repeated(need, layout, alpha.shape), out=alpha)
    alpha = _stepped(alpha, alpha_top)
    means = mean_of_cells(alpha, layout) if any(is_coarse) else alpha
    if is_mean_whole:
        means = np.floor(means * np.float32(alpha_top) + np.float32(1e-3)) / np.float32(alpha_top)
    planes = []
    for part, coarse in zip(patch.planes, is_coarse, strict=True):
        share = means if coarse else alpha
        colour = part.before + np.divide(part.step, share, out=np.zeros_like(part.step), where=share > 0)
        planes.append(repeated(colour if limits is None else np.clip(colour, *limits), layout, alpha.shape))
    return Colours(alpha, tuple(planes))


def held_in_rgb(patch: Patch, layout: PixelLayout, color: ColorDescription, alpha_top: int) -> tuple[F32, F32]:
    """Return alpha and straight RGB for a file that holds red, green and blue from 0 to 1 alone.

    They give, pixel by pixel, what a program reads of the merged frame that cuts RGB off there, as most do: footage
    often has whiter whites.
    """
    under = np.clip(rgb_of(_before(patch, layout), color, layout.top), 0, 1)
    step = np.clip(rgb_of(_after(patch, layout), color, layout.top), 0, 1) - under
    alpha = _stepped(np.maximum(patch.cover, _needed(under, step, (0.0, 1.0)).max(axis=2)), alpha_top)
    share = alpha[..., None]
    return alpha, np.clip(under + np.divide(step, share, out=np.zeros_like(step), where=share > 0), 0, 1)


def rgb_of(planes: tuple[F32, ...], color: ColorDescription, top: float) -> F32:
    """Return numbers of a clip, of which ``top`` is the greatest, as RGB of the same transfer, float32 (h, w, 3)."""
    if len(planes) == 1:
        zero, span = gray_levels(color)
        return np.repeat(((planes[0] - np.float32(zero)) / np.float32(span))[..., None], 3, axis=2)
    if color.matrix == 0:
        return np.stack(planes, axis=2) / np.float32(top)
    return to_rgb([plane.copy() for plane in planes], color)


def light_of(patch: Patch, alpha: F32, layout: PixelLayout, color: ColorDescription) -> F32:
    """Return what a compositor that works in linear light adds to ``light before * (1 - alpha)``: premultiplied RGB."""
    under, merged = (
        to_light(rgb_of(planes, color, layout.top), color) for planes in (_before(patch, layout), _after(patch, layout))
    )
    added = merged - under * (1 - alpha)[..., None]
    return np.asarray(np.where(alpha[..., None] > 0, added, 0), np.float32)


def _stepped(alpha: F32, top: int) -> F32:
    """Round alpha up to a step; what is covered at all has one, for its chroma sample may change much."""
    steps = np.maximum(np.ceil(alpha * np.float32(top) - np.float32(1e-3)), alpha > 0)
    return np.asarray(np.minimum(steps / np.float32(top), 1), np.float32)


def _before(patch: Patch, layout: PixelLayout) -> tuple[F32, ...]:
    return tuple(repeated(part.before, layout, patch.cover.shape) for part in patch.planes)


def _after(patch: Patch, layout: PixelLayout) -> tuple[F32, ...]:
    return tuple(repeated(part.before + part.step, layout, patch.cover.shape) for part in patch.planes)


def _needed(before: F32, step: F32, limits: tuple[float, float] | None) -> F32:
    """Return the least alpha by which a step is reached, or nearly, with a colour that the file holds.

    Where the sample lies beyond what the file holds and goes further, no alpha helps, and none is asked for.
    """
    if limits is None:
        return np.zeros_like(step)
    room = np.where(step > 0, limits[1] - before, before - limits[0])
    size = np.abs(step)
    need = np.divide(size, room, out=np.zeros_like(size), where=room > 0)
    return np.asarray(np.minimum(need, 1), np.float32)
