"""What is AMP's loss, on either side?

Letters: B batch, C channels, S side of the pictures. A mask's *edge weight* is 1 within it and falls to 0 outside.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from understudy_sdk.autoencoder.losses import Faces, blur_outside, dssim, edge_weight
from understudy_sdk.autoencoder.samples import Samples

__all__ = [
    "Aim",
    "aim_at",
    "bright_dot_losses",
    "channel_row_variation",
    "side_losses",
    "surroundings_losses",
]


class Aim(NamedTuple):
    """What one side's faces shall be drawn like, and where it counts.

    Attributes:
        true: The faces.
        features: Eyes and mouth, float32 (B, 1, S, S), 0 to 1.
        weight: The mask's edge weight, (B, 1, S, S).
    """

    true: Faces
    features: Tensor
    weight: Tensor


def aim_at(samples: Samples, is_blurred_outside: bool) -> Aim:
    """Return what to draw for samples, which come with their eyes and mouth."""
    true = samples.true
    assert samples.features is not None
    if is_blurred_outside:
        true = Faces(blur_outside(true), true.mask)
    return Aim(true, samples.features, edge_weight(true.mask))


def side_losses(drawn: Faces, aim: Aim) -> Tensor:
    """Return each face's loss, (B,): structure and pixels within the mask, eyes and mouth, the mask itself."""
    true, size = aim.true, aim.true.rgb.shape[-1]
    a, b = true.rgb * aim.weight, drawn.rgb * aim.weight
    structure = dssim(a, b, int(size / 11.6)) + dssim(a, b, int(size / 23.2))  # both windows at every resolution
    losses = 5.0 * structure.mean(dim=1) + 10.0 * _mean((a - b).square())
    losses = losses + 300.0 * _mean(((true.rgb - drawn.rgb) * aim.features).abs())
    return losses + 10.0 * _mean((true.mask - drawn.mask).square())


def surroundings_losses(drawn_rgb: Tensor, aim: Aim) -> Tensor:
    """Return how far the target's surroundings are from the true ones, and how rough, (B,).

    DeepFaceLab lets AMP learn a little of what lies outside the mask, for the target alone.
    """
    outside = 1.0 - aim.weight
    here = drawn_rgb * outside
    return 0.1 * _mean((here - aim.true.rgb * outside).square()) + 1e-6 * channel_row_variation(here)


def bright_dot_losses(drawn_rgb: Tensor, aim: Aim) -> Tensor:
    """Return what keeps a masked GAN from drawing bright dots outside the mask, (B,)."""
    outside = 1.0 - aim.weight
    surroundings = _mean((drawn_rgb * outside - aim.true.rgb * outside).square())
    return 1e-6 * channel_row_variation(drawn_rgb) + 0.02 * surroundings


def channel_row_variation(x: Tensor) -> Tensor:
    """Return the summed squares of the differences between neighbouring channels, and between rows, (B,).

    Total variation is meant to compare rows and columns. DeepFaceLab's compares the second and third axis, which in
    AMP, where channels come second, are channels and rows. A port without that quirk learns other surroundings.
    """
    colors, down = x.diff(dim=1).square(), x.diff(dim=2).square()
    return colors.sum(dim=(1, 2, 3)) + down.sum(dim=(1, 2, 3))


def _mean(x: Tensor) -> Tensor:
    return torch.mean(x, dim=(1, 2, 3))
