"""What network does a DFM file hold of an autoencoder?"""

from __future__ import annotations

import copy

from torch import Tensor, nn

from .autoencoder import Autoencoder
from .network import Decoder

__all__ = ["AutoencoderPlayer"]


class AutoencoderPlayer(nn.Module):
    """Swap as a DFM file does: float32 (N, S, S, 3), 0 to 1, BGR, to the target's mask, the swap and the swap's mask.

    It has weights of its own; the autoencoder stays as it is.
    """

    def __init__(self, network: Autoencoder) -> None:
        """Copy an autoencoder to the CPU."""
        super().__init__()
        self.network = copy.deepcopy(network).cpu().eval().requires_grad_(False)

    def forward(self, faces_bgr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return masks (N, S, S, 1) and swap (N, S, S, 3), BGR."""
        network = self.network
        pictures = faces_bgr.permute(0, 3, 1, 2)[:, [2, 1, 0]]  # N, 3, S, S, RGB
        swap_code, target_code = network.swap_codes(pictures)
        target: Decoder = network.target_decoder
        target_mask = target.outline(target_code)
        rgb, mask = network.source_decoder(swap_code)
        swap_bgr = rgb[:, [2, 1, 0]]
        return target_mask.permute(0, 2, 3, 1), swap_bgr.permute(0, 2, 3, 1), mask.permute(0, 2, 3, 1)
