"""Which networks make up an autoencoder of DeepFaceLab's "-ud" kind?

``u``: the encoder's answer is brought to unit mean square. ``d``: everything inside runs at half size, and the decoder
draws four interleaved pictures. Layers, names and channel order are those of DeepFaceLab's saved weights, so that
these are taken over by transposing alone: kernels (kh, kw, in, out) to (out, in, kh, kw), dense (in, out) to (out, in),
and ``down1/downs_0/conv1/weight:0`` is called ``down1.downs_0.conv1.weight`` here. DeepFaceLab's pictures are BGR: its
first layer's inputs and the outputs of its ``out_conv`` layers change places on the way.

Letters: B batch, C channels, S side of the picture.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor, nn

__all__ = [
    "Autoencoder",
    "Decoder",
    "Encoder",
    "Inter",
    "Widths",
    "channel_to_space",
    "new_autoencoder",
    "unit_mean_square",
]

STRIDE: Final = 16
"""How much the encoder shrinks a picture's side."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide the parts are: DeepFaceLab's ae_dims, e_dims, d_dims and d_mask_dims.

    Attributes:
        code: Length of the code between the two dense layers, and channels of the inter's answer.
        encoder: Channels after the encoder's first layer; they double with each further one.
        decoder: Unit of the picture trunk: 8, 4 and 2 times it.
        mask: Unit of the mask trunk: 8, 4, 2 and 1 times it.
    """

    code: int = 128
    encoder: int = 64
    decoder: int = 64
    mask: int = 16


def channel_to_space(x: Tensor) -> Tensor:
    """Unfold channels into 2 x 2 pixels, (B, 4C, H, W) to (B, C, 2H, 2W).

    Channel ``block * C + c`` goes to pixel (block // 2, block % 2) of its square: TensorFlow's order. torch's
    ``pixel_shuffle`` counts the other way round, ``c * 4 + block``.
    """
    batch, channels, height, width = x.shape
    x = x.view(batch, 2, 2, channels // 4, height, width).permute(0, 3, 4, 1, 5, 2)  # B, C, H, row, W, column
    return x.reshape(batch, channels // 4, 2 * height, 2 * width)


def unit_mean_square(x: Tensor) -> Tensor:
    """Scale each row of (B, C) so that its mean square is 1."""
    wide = x.float()
    return wide * torch.rsqrt(wide.square().mean(dim=1, keepdim=True) + 1e-6)


class Down(nn.Module):
    """Halve the side: convolution 5 x 5 with stride 2, leaky ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, S/2, S/2)."""
        return F.leaky_relu(self.conv1(x), 0.1)


class Up(nn.Module):
    """Double the side: convolution 3 x 3, leaky ReLU, channels to space."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 4 * out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, 2S, 2S)."""
        return channel_to_space(F.leaky_relu(self.conv1(x), 0.1))


class Residual(nn.Module):
    """Add a correction: two convolutions 3 x 3 beside the way straight through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return F.leaky_relu(x + self.conv2(F.leaky_relu(self.conv1(x), 0.2)), 0.2)


class Encoder(nn.Module):
    """Turn a picture (B, 3, S, S) into a row of features of unit mean square, (B, 8 * width * (S/16)^2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        steps = [3, width, 2 * width, 4 * width, 8 * width]
        self.down1 = nn.ModuleDict({f"downs_{i}": Down(a, b) for i, (a, b) in enumerate(itertools.pairwise(steps))})

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, channel by channel."""
        for down in self.down1.values():
            x = down(x)
        return unit_mean_square(x.flatten(1))


class Inter(nn.Module):
    """Squeeze features through a short code into a small map: (B, features) to (B, out, 2 * side, 2 * side)."""

    def __init__(self, features: int, code: int, out: int, side: int) -> None:
        super().__init__()
        self.out, self.side = out, side
        self.dense1 = nn.Linear(features, code)
        self.dense2 = nn.Linear(code, side * side * out)
        self.upscale1 = Up(out, out)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map."""
        x = self.dense2(self.dense1(x))
        drawn: Tensor = self.upscale1(x.view(-1, self.out, self.side, self.side))
        return drawn


class Decoder(nn.Module):
    """Draw a face and its mask from a map: (B, channels, s, s) to (B, 3, 16 s, 16 s) and (B, 1, 16 s, 16 s)."""

    def __init__(self, channels: int, width: int, mask_width: int) -> None:
        super().__init__()
        steps = [channels, 8 * width, 4 * width, 2 * width]
        for i, (a, b) in enumerate(itertools.pairwise(steps)):
            self.add_module(f"upscale{i}", Up(a, b))
            self.add_module(f"res{i}", Residual(b))
        mask_steps = [channels, 8 * mask_width, 4 * mask_width, 2 * mask_width, mask_width]
        for i, (a, b) in enumerate(itertools.pairwise(mask_steps)):
            self.add_module(f"upscalem{i}", Up(a, b))
        self.out_conv = nn.Conv2d(2 * width, 3, 1)
        self.out_conv1 = nn.Conv2d(2 * width, 3, 3, padding=1)
        self.out_conv2 = nn.Conv2d(2 * width, 3, 3, padding=1)
        self.out_conv3 = nn.Conv2d(2 * width, 3, 3, padding=1)
        self.out_convm = nn.Conv2d(mask_width, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture and the mask, float32, 0 to 1."""
        return self._draw(x), self.outline(x)

    def outline(self, x: Tensor) -> Tensor:
        """Return the mask alone, (B, 1, 16 s, 16 s), float32, 0 to 1."""
        for i in range(4):
            x = self.get_submodule(f"upscalem{i}")(x)
        return torch.sigmoid(self.out_convm(x).float())

    def _draw(self, x: Tensor) -> Tensor:
        for i in range(3):
            x = self.get_submodule(f"upscale{i}")(x)
            x = self.get_submodule(f"res{i}")(x)
        return torch.sigmoid(self._interleave(x).float())

    def _interleave(self, x: Tensor) -> Tensor:
        """Run the four output layers as one: a convolution with 3 output channels is far slower than its size."""
        layers = (self.out_conv, self.out_conv1, self.out_conv2, self.out_conv3)
        centred = F.pad(self.out_conv.weight, (1, 1, 1, 1))  # 1 x 1 as 3 x 3
        weight = torch.cat([centred, *(layer.weight for layer in layers[1:])])  # 12, C, 3, 3: one block per pixel
        bias = torch.cat([layer.bias for layer in layers if layer.bias is not None])
        return channel_to_space(F.conv2d(x, weight, bias, padding=1))


class Autoencoder(nn.Module):
    """One encoder and inter for both people, and a decoder for each: DeepFaceLab's layout "df"."""

    def __init__(self, size: int, widths: Widths) -> None:
        super().__init__()
        features = 8 * widths.encoder * (size // STRIDE) ** 2
        self.encoder = Encoder(widths.encoder)
        self.inter = Inter(features, widths.code, widths.code, size // (2 * STRIDE))
        self.decoder_src = Decoder(widths.code, widths.decoder, widths.mask)
        self.decoder_dst = Decoder(widths.code, widths.decoder, widths.mask)

    def encode(self, pictures: Tensor) -> Tensor:
        """Return the map both decoders draw from, for float32 (B, 3, S, S), 0 to 1, RGB."""
        code: Tensor = self.inter(self.encoder(pictures))
        return code


def new_autoencoder(size: int, widths: Widths, seed: int) -> Autoencoder:
    """Build an autoencoder with its first weights: Glorot's uniform ones, biases 0; the same for the same seed."""
    with torch.device("meta"):  # torch would draw weights of its own, from the generator all share
        network = Autoencoder(size, widths)
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            else:
                drawn = torch.empty(parameter.shape)
                nn.init.xavier_uniform_(drawn, generator=generator)
                parameter.copy_(drawn)
    return network
