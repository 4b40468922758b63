"""What is SAEHD's loss, on one side and across both?"""

from __future__ import annotations

import torch
from torch import Tensor

from understudy_sdk.autoencoder.losses import (
    Faces,
    blur_outside,
    edge_weight,
    picture_losses,
    style_loss,
    total_variation,
)
from understudy_sdk.autoencoder.samples import Samples

from . import SAEHDConfig

__all__ = [
    "Aim",
    "aim_at",
    "background_style_losses",
    "bright_dot_losses",
    "face_style_losses",
    "side_losses",
    "summed",
]


class Aim:
    """What one side's decoder shall draw, and where it counts.

    Attributes:
        true: The faces.
        weight: (B, 1, S, S): 1 within the mask, falling to 0 outside its edge.
        features: Eyes and mouth, where they count more.
        is_masked: Whether the weight is to be applied.
    """

    def __init__(self, true: Faces, features: Tensor | None, is_masked: bool) -> None:
        self.true, self.features, self.is_masked = true, features, is_masked
        self.weight = edge_weight(true.mask)

    def masked(self, rgb: Tensor) -> Tensor:
        """Return what of pictures counts."""
        return rgb * self.weight if self.is_masked else rgb


def aim_at(samples: Samples, config: SAEHDConfig) -> Aim:
    """Return what to draw for samples, as the settings have it."""
    true = samples.true
    if config.blur_out_mask:
        true = Faces(blur_outside(true), true.mask)
    return Aim(true, samples.features if config.eyes_mouth_priority else None, config.masked_training)


def side_losses(drawn: Faces, aim: Aim) -> Tensor:
    """Return each face's loss, (B,): structure, pixels, mask and, where asked for, eyes and mouth."""
    losses = picture_losses(aim.masked(drawn.rgb), aim.masked(aim.true.rgb))
    if aim.features is not None:
        losses = losses + 300.0 * ((aim.true.rgb - drawn.rgb) * aim.features).abs().mean(dim=(1, 2, 3))
    return losses + 10.0 * (aim.true.mask - drawn.mask).square().mean(dim=(1, 2, 3))


def face_style_losses(swap: Faces, target: Faces, power: float) -> Tensor:
    """Return how far a swap's colours are from those of the drawn target, (B,); only the swap's picture learns.

    Args:
        swap: As drawn.
        target: The same faces as drawn for the target.
        power: The setting, up to 100.
    """
    wanted = (target.rgb * target.mask).detach()
    return style_loss(swap.rgb * swap.mask.detach(), wanted, swap.rgb.shape[-1] // 8, 100.0 * power)


def background_style_losses(swap_rgb: Tensor, target: Aim, source: Aim, power: float) -> Tensor:
    """Return how far a swap's surroundings are from the target's, (B,).

    Surroundings are those of the source's mask, as in DeepFaceLab.
    """
    outside = 1.0 - source.weight
    return (power / 100.0) * picture_losses(swap_rgb * outside, target.true.rgb * outside)


def bright_dot_losses(drawn_rgb: Tensor, aim: Aim) -> Tensor:
    """Return what keeps a masked GAN from drawing bright dots outside the mask, (B,)."""
    outside = 1.0 - aim.weight
    surroundings = ((drawn_rgb - aim.true.rgb) * outside).square().mean(dim=(1, 2, 3))
    return 1e-6 * total_variation(drawn_rgb) + 0.02 * surroundings


def summed(losses: list[Tensor]) -> Tensor:
    """Return the sum over all losses and faces: DeepFaceLab differentiates a sum, not a mean."""
    return torch.stack([loss.sum() for loss in losses]).sum()
