"""Which layers has the model pocket? One encoder for both people, and a decoder for each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from understudy_sdk import Side

__all__ = ["Network"]


def _down(channels: int, wider: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, wider, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]


def _up(channels: int, narrower: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, 4 * narrower, 3, padding=1), nn.LeakyReLU(0.1), nn.PixelShuffle(2)]


class Network(nn.Module):
    """Float32 (B, 3, S, S), 0 to 1, to (B, 4, S, S): colours, and the mask in the fourth channel."""

    def __init__(self, size: int, width: int, seed: int) -> None:
        super().__init__()
        side, code = size // 8, 8 * width
        narrow = [nn.Flatten(), nn.Linear(4 * width * side * side, code)]
        self.encoder = nn.Sequential(
            *(*_down(3, width), *_down(width, 2 * width), *_down(2 * width, 4 * width), *narrow)
        )
        self.decoders = nn.ModuleDict({str(one): self._decoder(width, side, code) for one in Side})
        chance = torch.Generator().manual_seed(seed)  # of its own, so that equal seeds give equal weights
        for weight in self.parameters():
            spread = weight[0].numel() ** -0.5 if weight.dim() > 1 else 0.0
            weight.data = torch.randn(weight.shape, generator=chance) * spread

    @staticmethod
    def _decoder(width: int, side: int, code: int) -> nn.Sequential:
        wide = [nn.Linear(code, 4 * width * side * side), nn.Unflatten(1, (4 * width, side, side))]
        steps = (*_up(4 * width, 4 * width), *_up(4 * width, 2 * width), *_up(2 * width, width))
        return nn.Sequential(*wide, *steps, nn.Conv2d(width, 4, 3, padding=1), nn.Sigmoid())

    def forward(self, rgb: Tensor, side: Side) -> Tensor:
        """Draw faces as one side's decoder does."""
        drawn: Tensor = self.decoders[side](self.encoder(rgb))
        return drawn
