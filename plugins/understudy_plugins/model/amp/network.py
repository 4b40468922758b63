"""What are the networks of AMP, and how does a face turn from one person into the other?

One encoder and one decoder serve both people. Between them stand two layers side by side that keep the people apart,
``inter_src`` and ``inter_dst``; a face is drawn from some channels of the one and the others of the other. Layers and
names are those of DeepFaceLab's AMP, so that its weights are taken over by transposing alone.

Letters: B batch, C channels between inters and decoder, s side of the map they make, S side of the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.network import Decoder, Encoder, draw_weights, unit_mean_square

__all__ = ["CodeEncoder", "CodeInter", "MorphPlayer", "Morpher", "new_morpher"]

_SHAPE = Architecture("df", is_level=True, is_doubled=True, is_deep=True)  # always -udt; the layout plays no part


class CodeEncoder(nn.Module):
    """Turn a picture (B, 3, S, S), 0 to 1, RGB, into a code (B, code): DeepFaceLab's encoder holds its dense layer."""

    def __init__(self, size: int, width: int, code: int) -> None:
        super().__init__()
        for name, layer in Encoder(width, _SHAPE).named_children():
            self.add_module(name, layer)
        self.dense1 = nn.Linear(8 * width * (size // _SHAPE.feature_scale) ** 2, code)

    def forward(self, x: Tensor) -> Tensor:
        """Return the code."""
        *layers, dense = self.children()
        for layer in layers:
            x = layer(x)
        code: Tensor = dense(unit_mean_square(x.flatten(1)))
        return code


class CodeInter(nn.Module):
    """Spread a code (B, code) over a small map (B, C, s, s)."""

    def __init__(self, code: int, channels: int, side: int) -> None:
        super().__init__()
        self._channels, self._side = channels, side
        self.dense2 = nn.Linear(code, side * side * channels)

    def forward(self, code: Tensor) -> Tensor:
        """Return the map."""
        spread: Tensor = self.dense2(code)
        return spread.view(-1, self._channels, self._side, self._side)


class Morpher(nn.Module):
    """Both people's networks, with DeepFaceLab's names.

    Attributes:
        channels: How many channels C the inters have.
    """

    def __init__(self, size: int, widths: Widths, channels: int) -> None:
        """Build for pictures of side ``size``, a multiple of 32."""
        super().__init__()
        self.channels = channels
        side = size // _SHAPE.smallest_scale
        self.encoder = CodeEncoder(size, widths.encoder, widths.code)
        self.inter_src = CodeInter(widths.code, channels, side)
        self.inter_dst = CodeInter(widths.code, channels, side)
        self.decoder = Decoder(channels, widths.decoder, widths.mask, _SHAPE)

    def first_channels(self, count: Tensor) -> Tensor:
        """Return that the first channels are the source's and the others the target's: bool (1, C, 1, 1).

        Args:
            count: float32 (1,), how many, rounded down; a tensor, so that a network in a file can be told it later.
        """
        places = torch.arange(self.channels, dtype=torch.float32, device=count.device)
        return (places < count.floor()).view(1, -1, 1, 1)

    def swap_channels(self, morph: Tensor) -> Tensor:
        """Return which channels are the source's where a swap turns by ``morph``, float32 (1,), 0 to 1, into it."""
        return self.first_channels(morph * self.channels)

    def mixed(self, code: Tensor, of_source: Tensor) -> Tensor:
        """Return the map that a face is drawn from, for its code.

        Args:
            code: (B, code), of either person's face.
            of_source: bool (B or 1, C, 1, 1), which channels ``inter_src`` fills; ``inter_dst`` fills the others.
        """
        return torch.where(of_source, self.inter_src(code), self.inter_dst(code))


class MorphPlayer(nn.Module):
    """Swap as a DFM file of AMP does.

    It takes float32 (N, S, S, 3), 0 to 1, BGR, and a float32 (1,) from 0 to 1 that says how far the face turns into the
    source, and answers with the target's mask, the swap in BGR, and the swap's mask.
    """

    def __init__(self, network: Morpher) -> None:
        """Take networks on the CPU that nobody trains."""
        super().__init__()
        self.network = network.eval().requires_grad_(False)

    def forward(self, faces_bgr: Tensor, morph: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return masks (N, S, S, 1) and swap (N, S, S, 3), 0 to 1."""
        network = self.network
        code = network.encoder(faces_bgr.permute(0, 3, 1, 2)[:, [2, 1, 0]])  # N, 3, S, S, RGB
        rgb, mask = network.decoder(network.mixed(code, network.swap_channels(morph)))
        target_mask = network.decoder.outline(network.inter_dst(code))
        swap_bgr = rgb[:, [2, 1, 0]]
        return target_mask.permute(0, 2, 3, 1), swap_bgr.permute(0, 2, 3, 1), mask.permute(0, 2, 3, 1)


def new_morpher(size: int, widths: Widths, channels: int, seed: int) -> Morpher:
    """Build the networks with their first weights, the same for the same seed, and leave common chance alone."""
    with torch.device("meta"):  # torch would draw weights of its own, from the generator all share
        network = Morpher(size, widths, channels)
    network.to_empty(device="cpu")
    draw_weights(network, torch.Generator().manual_seed(seed))
    return network
