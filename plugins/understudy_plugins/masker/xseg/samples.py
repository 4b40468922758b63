"""What does one step of XSeg's training look at?

The order and the chances are DeepFaceLab's. All chance of a face comes from its draw's seed and its place in the draw,
so that a part of a draw looks the same wherever it is learnt.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from understudy_sdk.augment import MotionRanges, Warp, bend, draw_warp, move
from understudy_sdk.mask_augment import (
    draw_faded_circle,
    draw_recoloring,
    draw_wear,
    flare,
    paste_behind,
    within,
)
from understudy_sdk.types import F32, FaceBatch

__all__ = ["Samples", "prepare", "prepare_grey"]

_RANGES: Final = MotionRanges(flip=0.4)
_BEHIND: Final = MotionRanges(rotation_deg=180.0, scale=0.10, shift=0.10, flip=0.4)
_LEAST_KEPT: Final = 0.15  # of a face's own surroundings, where others are laid over them
_HALF: Final = 128  # from here on a mask counts as face
_LUMA: Final = (0.299, 0.587, 0.114)


class Samples(NamedTuple):
    """Faces to learn from.

    Attributes:
        seen: float32 (B, 3, S, S), 0 to 1, RGB: what the network is given.
        true: float32 (B, 1, S, S): what it shall say, 0 or 1; while pretraining the picture in grey, 0 to 1.
    """

    seen: Tensor
    true: Tensor


def prepare(batch: FaceBatch, others: FaceBatch) -> Samples:
    """Vary faces and their masks alike, on the CPU.

    Half of the faces are put before another one's surroundings. All are bent, moved and perhaps mirrored; light flares
    from the face or from behind it; colours, sharpness and resolution suffer.

    Args:
        batch: Faces with masks.
        others: Equally many, whose surroundings are used.
    """
    dice = _dice(batch)
    masks = (batch.mask.cpu() >= _HALF).float()
    rows = zip(_rows(batch.rgb), _rows(masks)[..., 0], _stacked(others), dice, strict=True)
    placed = torch.from_numpy(np.stack([_placed(*row) for row in rows])).permute(0, 3, 1, 2)
    warp = _warps(dice, placed.shape[-1], _RANGES)
    seen = move(bend(placed, warp.flow), warp.motion, warp.flip).clamp(0, 1)
    true = (move(bend(masks, warp.flow), warp.motion, warp.flip, "linear") >= 0.5).float()
    with ThreadPoolExecutor(min(len(dice), torch.get_num_threads())) as pool:  # OpenCV and NumPy let others work
        worn = list(pool.map(_worn, _rows(seen), _rows(true)[..., 0], dice))
    return Samples(torch.from_numpy(np.stack(worn)).permute(0, 3, 1, 2).contiguous(), true)


def prepare_grey(batch: FaceBatch) -> Samples:
    """Bend and move faces, for the network to draw them in grey."""
    dice = _dice(batch)
    rgb = batch.rgb.cpu().float() / 255.0
    warp = _warps(dice, rgb.shape[-1], _RANGES)
    seen = move(bend(rgb, warp.flow), warp.motion, warp.flip).clamp(0, 1)
    luma = torch.tensor(_LUMA)[None, :, None, None]
    return Samples(seen, (seen * luma).sum(dim=1, keepdim=True))


def _dice(batch: FaceBatch) -> list[np.random.Generator]:
    return [np.random.default_rng([batch.seed, batch.first + place]) for place in range(len(batch.rgb))]


def _stacked(batch: FaceBatch) -> Tensor:
    """Return pictures and masks, float32 (B, 4, S, S), 0 to 1."""
    return torch.cat([batch.rgb, batch.mask], dim=1).cpu().float() / 255.0


def _rows(tensor: Tensor) -> F32:
    """Return (B, C, S, S) as float32 (B, S, S, C), 0 to 1; whole numbers are 255 there."""
    rows = tensor.cpu().permute(0, 2, 3, 1).contiguous()
    return np.asarray((rows if rows.is_floating_point() else rows.float() / 255.0).numpy())


def _warps(dice: list[np.random.Generator], size: int, ranges: MotionRanges) -> Warp:
    drawn = [draw_warp(int(random.integers(2**62)), 1, size, ranges=ranges) for random in dice]
    return Warp(
        flow=torch.cat([warp.flow for warp in drawn]),
        motion=torch.cat([warp.motion for warp in drawn]),
        flip=torch.cat([warp.flip for warp in drawn]),
    )


def _placed(picture: F32, mask: F32, other: Tensor, random: np.random.Generator) -> F32:
    """Return a face, as likely as not, before another's surroundings, which are turned any way."""
    if random.random() >= 0.5:
        return picture
    warp = _warps([random], picture.shape[0], _BEHIND)
    turned = _rows(move(other[None, :3], warp.motion, warp.flip).clamp(0, 1))[0]
    turned_mask = _rows(move(other[None, 3:], warp.motion, warp.flip, "linear"))[0, ..., 0] >= 0.5
    surroundings = draw_recoloring(random)(np.where(turned_mask[..., None], np.float32(0), turned))
    share = float(random.uniform(_LEAST_KEPT, 1.0))
    return paste_behind(picture, mask, surroundings, turned_mask.astype(np.float32), share)


def _worn(picture: F32, mask: F32, random: np.random.Generator) -> F32:
    """Return a face in some light and some quality."""
    size = len(picture)
    for where in (mask, 1 - mask):
        happens, kernel = random.random() < 0.5, int(random.integers(size // 4, size - 1)) | 1
        if happens:
            picture = flare(picture, where, kernel)
    picture = within(draw_recoloring(random), draw_faded_circle(random, size))(picture)
    for change in draw_wear(random, size):
        picture = change(picture)
    return np.asarray(np.clip(picture, 0, 1), np.float32)
