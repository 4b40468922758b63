"""What does one training step of DeepFaceLab's larger models look at?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from understudy_sdk.augment import MotionRanges, bend, draw_hsv_shifts, draw_warp, move, places_of, shift_hsv
from understudy_sdk.color_distributions import draw_directions, draw_rotations, idt, lct, mkl, sot
from understudy_sdk.color_transfer import rct
from understudy_sdk.landmarks import INNER_LIPS, LEFT_EYE, RIGHT_EYE
from understudy_sdk.outlines import fill_convex
from understudy_sdk.types import F32, FaceBatch

from .losses import Faces

__all__ = ["FLIP_CHANCE", "Samples", "Variation", "eyes_and_mouth", "prepare", "recolor"]

FLIP_CHANCE: Final = 0.4
"""DeepFaceLab's, where faces are mirrored at all."""

_COLOR_SEED: Final = 0x5EED  # keeps the colours' chance apart from the warp's


@dataclass(frozen=True, slots=True)
class Variation:
    """How faces are varied.

    Attributes:
        is_bent: The encoder sees them bent.
        is_flipped: Some are mirrored.
        hsv_power: How far what the encoder sees is tinted.
        has_features: Eyes and mouth are masked too.
    """

    is_bent: bool = True
    is_flipped: bool = False
    hsv_power: float = 0.0
    has_features: bool = False


class Samples(NamedTuple):
    """Faces of one side.

    Attributes:
        seen: float32 (B, 3, S, S), 0 to 1, RGB: what the encoder is given.
        true: What the decoder shall draw.
        features: float32 (B, 1, S, S), 0 to 1: eyes and mouth; None where they were not asked for.
    """

    seen: Tensor
    true: Faces
    features: Tensor | None = None


def prepare(batch: FaceBatch, variation: Variation, colors: FaceBatch | None = None, mode: str = "none") -> Samples:
    """Recolour, move, and for the encoder tint and bend, a draw's faces; all chance comes from the draw's seed.

    Part of a draw gives what it gives within the whole.

    Args:
        batch: The faces.
        variation: How they are varied.
        colors: Faces, equally many of the same places in their draw, whose colours are taken on.
        mode: How; see ``recolor``.
    """
    rgb, mask = batch.rgb.float() / 255.0, batch.mask.float() / 255.0
    if colors is not None and mode != "none":
        rgb = recolor(rgb, colors.rgb.float() / 255.0, mode, batch.seed, batch.first)
    ranges = MotionRanges(scale=0.15, flip=FLIP_CHANCE if variation.is_flipped else 0.0)
    count, kept = places_of(batch)
    warp = draw_warp(batch.seed, count, rgb.shape[-1], rgb.device, ranges, kept=kept)
    layers = [mask]
    if variation.has_features:
        layers.append(eyes_and_mouth(batch.landmarks, rgb.shape[-1]).to(rgb.device) * (mask > 0))
    moved = move(torch.cat(layers, dim=1), warp.motion, warp.flip, "linear").clamp(0, 1)
    seen = rgb
    if variation.hsv_power:
        seen = shift_hsv(seen, draw_hsv_shifts(batch.seed, count, variation.hsv_power, rgb.device, kept=kept))
    seen = bend(seen, warp.flow) if variation.is_bent else seen
    both = move(torch.cat([seen, rgb], dim=1), warp.motion, warp.flip).clamp(0, 1)
    features = _to_full(moved[:, 1:]) if variation.has_features else None
    return Samples(both[:, :3], Faces(both[:, 3:], moved[:, :1]), features)


def _to_full(mask: Tensor) -> Tensor:
    """Scale each mask so that its peak is 1; one without any stays empty."""
    peak = mask.amax(dim=(1, 2, 3), keepdim=True)
    return mask / torch.where(peak > 0, peak, 1.0)


def eyes_and_mouth(landmarks: Tensor, size: int) -> Tensor:
    """Return DeepFaceLab's masks of eyes and inner lips, float32 (B, 1, S, S) on the CPU, 0 to 1, for (B, 68, 2)."""
    masks = [_features(points, size) for points in landmarks.cpu().numpy()]
    return torch.from_numpy(np.stack(masks))[:, None]


def _features(points: F32, size: int) -> F32:
    total = np.zeros((size, size), np.float32)
    for parts in ((RIGHT_EYE, LEFT_EYE), (INNER_LIPS,)):
        hulls = [np.asarray(cv2.convexHull(points[part].astype(np.int32)), np.int32) for part in parts]
        drawn = fill_convex([hull.reshape(-1, 2) for hull in hulls], size, 1)
        side = max(1, size // 32)
        drawn = np.asarray(cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))), np.float32)
        blur = (size // 16) | 1
        total += np.asarray(cv2.GaussianBlur(drawn, (blur, blur), 0), np.float32)
    return np.clip(total, 0.0, 1.0)


def recolor(pictures: Tensor, references: Tensor, mode: str, seed: int, first: int = 0) -> Tensor:
    """Give pictures the colours of references, (B, 3, S, S) each, RGB, 0 to 1, each by itself, on the CPU.

    Args:
        pictures: What is recoloured.
        references: What with.
        mode: ``rct``, ``lct``, ``mkl``, ``idt`` or ``sot``.
        seed: Decides, with a picture's place, what the last two leave to chance.
        first: Place of the first picture in its draw.
    """
    way = _WAYS[mode]
    pairs = zip(*(x.permute(0, 2, 3, 1).contiguous().cpu().numpy() for x in (pictures, references)), strict=True)
    done = np.stack(
        [
            way(picture, reference, np.random.default_rng([seed, place, _COLOR_SEED]))
            for place, (picture, reference) in enumerate(pairs, first)
        ]
    )
    return torch.from_numpy(done).permute(0, 3, 1, 2).contiguous().to(pictures.device)


_WAYS: Final[dict[str, Callable[[F32, F32, np.random.Generator], F32]]] = {
    "rct": lambda picture, reference, _: rct(picture, reference),
    "lct": lambda picture, reference, _: lct(picture, reference),
    "mkl": lambda picture, reference, _: mkl(picture, reference),
    "idt": lambda picture, reference, generator: idt(picture, reference, draw_rotations(generator)),
    "sot": lambda picture, reference, generator: sot(picture, reference, draw_directions(generator)),
}
