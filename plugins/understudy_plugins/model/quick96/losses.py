"""How far is a face that Quick96 drew from the one it should be?"""

from __future__ import annotations

from torch import Tensor

from understudy_sdk.autoencoder.losses import Faces, dssim

__all__ = ["face_losses"]


def face_losses(drawn: Faces, true: Faces, weight: Tensor, window_px: int) -> Tensor:
    """Add up ten times DSSIM, mean square error and the masks' mean square error for each face, (B,).

    Args:
        drawn: What the decoder drew.
        true: What it should have drawn.
        weight: (B, 1, S, S), how much each place of the pictures counts.
        window_px: Side of the window in which structure is compared.
    """
    rgb, drawn_rgb = true.rgb * weight, drawn.rgb * weight
    structure = dssim(rgb, drawn_rgb, window_px).mean(dim=1)
    pixels = (rgb - drawn_rgb).square().mean(dim=(1, 2, 3))
    outline = (true.mask - drawn.mask).square().mean(dim=(1, 2, 3))
    return 10.0 * (structure + pixels + outline)
