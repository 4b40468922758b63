"""What does one training step look at?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch

from understudy_sdk import FaceBatch
from understudy_sdk.augment import MotionRanges, bend, draw_hsv_shifts, draw_warp, move, places_of, shift_hsv
from understudy_sdk.autoencoder.losses import Faces
from understudy_sdk.autoencoder.samples import FLIP_CHANCE, Samples

__all__ = ["look_up", "prepare"]

RANGES: Final = MotionRanges(rotation_deg=10.0, scale=0.05, shift=0.05)
"""How far faces are moved."""

_PLAIN_EVERY: Final = 3


def look_up(step: int) -> tuple[int, bool]:
    """Return the number of a step's draw, and whether its faces are bent.

    Each third step shows the faces of the step before once more, and not bent, as DeepFaceLab does. The draws are
    numbered without gaps, so that no face of the deck is left out.
    """
    is_bent = step % _PLAIN_EVERY != 0
    return step - 1 - step // _PLAIN_EVERY, is_bent


def prepare(batch: FaceBatch, *, is_bent: bool, is_flipped: bool = False, hsv_power: float = 0.0) -> Samples:
    """Move a draw's faces, and tint and bend what the encoder sees; all chance comes from the draw's seed.

    Part of a draw gives what it gives within the whole. With ``is_flipped``, some faces are mirrored.
    """
    rgb = batch.rgb.float() / 255.0
    mask = batch.mask.float() / 255.0
    count, kept = places_of(batch)
    ranges = replace(RANGES, flip=FLIP_CHANCE) if is_flipped else RANGES
    warp = draw_warp(batch.seed, count, rgb.shape[-1], rgb.device, ranges, kept=kept)
    mask = move(mask, warp.motion, warp.flip, "linear").clamp(0, 1)
    seen = rgb
    if hsv_power:
        seen = shift_hsv(rgb, draw_hsv_shifts(batch.seed, count, hsv_power, rgb.device, kept=kept))
    if not is_bent and seen is rgb:
        face = move(rgb, warp.motion, warp.flip).clamp(0, 1)
        return Samples(face, Faces(face, mask))
    seen = bend(seen, warp.flow) if is_bent else seen
    both = move(torch.cat([seen, rgb], dim=1), warp.motion, warp.flip).clamp(0, 1)
    return Samples(both[:, :3], Faces(both[:, 3:], mask))
