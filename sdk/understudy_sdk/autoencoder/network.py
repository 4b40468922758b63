"""What are the layers of DeepFaceLab's autoencoders?

Layers, names and channel order are those of DeepFaceLab's saved weights, so that these are taken over by transposing
alone: see ``deepfacelab``.

Letters: B batch, C channels, S side of the picture.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor, nn

from .architecture import Architecture

__all__ = [
    "Decoder",
    "Down",
    "Encoder",
    "Inter",
    "Residual",
    "Up",
    "channel_to_space",
    "draw_weights",
    "unit_mean_square",
]

Activation = Callable[[Tensor, float], Tensor]


def channel_to_space(x: Tensor) -> Tensor:
    """Unfold channels into 2 x 2 pixels, (B, 4C, H, W) to (B, C, 2H, 2W).

    Channel ``block * C + c`` goes to pixel (block // 2, block % 2) of its square: TensorFlow's order. torch's
    ``pixel_shuffle`` counts the other way round, ``c * 4 + block``.
    """
    batch, channels, height, width = x.shape
    x = x.view(batch, 2, 2, channels // 4, height, width)  # B, row, column, C, H, W
    if x.stride(3) == 1 and channels > 4:  # channels last: the answer shall be so too
        x = x.permute(0, 4, 1, 5, 2, 3).reshape(batch, 2 * height, 2 * width, channels // 4)
        return x.permute(0, 3, 1, 2)
    return x.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels // 4, 2 * height, 2 * width)


def unit_mean_square(x: Tensor) -> Tensor:
    """Scale each row of (B, C) so that its mean square is 1."""
    wide = x.float()
    return wide * torch.rsqrt(wide.square().mean(dim=1, keepdim=True) + 1e-6)


def _cosine(x: Tensor, _: float) -> Tensor:
    return x * torch.cos(x)


def _leaky(x: Tensor, slope: float) -> Tensor:
    return F.leaky_relu(x, slope)


def _activation(architecture: Architecture) -> Activation:
    return _cosine if architecture.is_cosine else _leaky


class Down(nn.Module):
    """Halve the side: convolution 5 x 5 with stride 2, activation."""

    def __init__(self, channels: int, out: int, activation: Activation = _leaky) -> None:
        super().__init__()
        self._activate = activation
        self.conv1 = nn.Conv2d(channels, out, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, S/2, S/2)."""
        return self._activate(self.conv1(x), 0.1)


class Up(nn.Module):
    """Double the side: convolution 3 x 3, activation, channels to space."""

    def __init__(self, channels: int, out: int, activation: Activation = _leaky) -> None:
        super().__init__()
        self._activate = activation
        self.conv1 = nn.Conv2d(channels, 4 * out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, 2S, 2S)."""
        return channel_to_space(self._activate(self.conv1(x), 0.1))


class Residual(nn.Module):
    """Add a correction: two convolutions 3 x 3 beside the way straight through."""

    def __init__(self, channels: int, activation: Activation = _leaky) -> None:
        super().__init__()
        self._activate = activation
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        return self._activate(x + self.conv2(self._activate(self.conv1(x), 0.2)), 0.2)


class Encoder(nn.Module):
    """Turn a picture (B, 3, S, S) into a row of features, (B, 8 * width * (S / feature_scale)^2)."""

    def __init__(self, width: int, architecture: Architecture | None = None) -> None:
        super().__init__()
        architecture = architecture or Architecture()
        activation = _activation(architecture)
        self._is_level, self._is_deep = architecture.is_level, architecture.is_deep
        steps = [3, width, 2 * width, 4 * width, 8 * width]
        if not self._is_deep:
            downs = {f"downs_{i}": Down(a, b, activation) for i, (a, b) in enumerate(itertools.pairwise(steps))}
            self.down1 = nn.ModuleDict(downs)
            return
        for i, (a, b) in enumerate(itertools.pairwise([*steps, 8 * width]), start=1):
            self.add_module(f"down{i}", Down(a, b, activation))
            if i in (1, 5):
                self.add_module(f"res{i}", Residual(b, activation))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, channel by channel."""
        layers = self.children() if self._is_deep else self.down1.values()
        for layer in layers:
            x = layer(x)
        return unit_mean_square(x.flatten(1)) if self._is_level else x.flatten(1)


class Inter(nn.Module):
    """Squeeze features through a short code into a small map: (B, features) to (B, out, 2 * side, 2 * side).

    A deep architecture's map has the side ``side``.
    """

    def __init__(self, features: int, code: int, out: int, side: int, architecture: Architecture | None = None) -> None:
        super().__init__()
        architecture = architecture or Architecture()
        self.out, self.side = out, side
        self.dense1 = nn.Linear(features, code)
        self.dense2 = nn.Linear(code, side * side * out)
        self._is_deep = architecture.is_deep
        if not self._is_deep:
            self.upscale1 = Up(out, out, _activation(architecture))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map."""
        x = self.dense2(self.dense1(x)).view(-1, self.out, self.side, self.side)
        drawn: Tensor = x if self._is_deep else self.upscale1(x)
        return drawn


class Decoder(nn.Module):
    """Draw a face and its mask from a map: (B, channels, s, s) to (B, 3, S, S) and (B, 1, S, S)."""

    def __init__(self, channels: int, width: int, mask_width: int, architecture: Architecture | None = None) -> None:
        super().__init__()
        architecture = architecture or Architecture()
        activation = _activation(architecture)
        self._is_doubled = architecture.is_doubled
        units = [8, 8, 4, 2] if architecture.is_deep else [8, 4, 2]
        steps = [channels, *(unit * width for unit in units)]
        for i, (a, b) in enumerate(itertools.pairwise(steps)):
            self.add_module(f"upscale{i}", Up(a, b, activation))
            self.add_module(f"res{i}", Residual(b, activation))
        units = [*units, 1] if self._is_doubled else units
        mask_steps = [channels, *(unit * mask_width for unit in units)]
        for i, (a, b) in enumerate(itertools.pairwise(mask_steps)):
            self.add_module(f"upscalem{i}", Up(a, b, activation))
        self._ups, self._mask_ups = len(steps) - 1, len(mask_steps) - 1
        self.out_conv = nn.Conv2d(2 * width, 3, 1)
        if self._is_doubled:
            self.out_conv1 = nn.Conv2d(2 * width, 3, 3, padding=1)
            self.out_conv2 = nn.Conv2d(2 * width, 3, 3, padding=1)
            self.out_conv3 = nn.Conv2d(2 * width, 3, 3, padding=1)
        self.out_convm = nn.Conv2d(mask_steps[-1], 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture and the mask, float32, 0 to 1."""
        return self.picture(x), self.outline(x)

    def outline(self, x: Tensor) -> Tensor:
        """Return the mask alone, (B, 1, S, S), float32, 0 to 1."""
        for i in range(self._mask_ups):
            x = self.get_submodule(f"upscalem{i}")(x)
        return torch.sigmoid(self.out_convm(x).float())

    def picture(self, x: Tensor) -> Tensor:
        """Return the picture alone, (B, 3, S, S), float32, 0 to 1."""
        for i in range(self._ups):
            x = self.get_submodule(f"upscale{i}")(x)
            x = self.get_submodule(f"res{i}")(x)
        return torch.sigmoid((self._interleave(x) if self._is_doubled else self.out_conv(x)).float())

    def _interleave(self, x: Tensor) -> Tensor:
        """Run the four output layers as one: a convolution with 3 output channels is far slower than its size."""
        layers = (self.out_conv, self.out_conv1, self.out_conv2, self.out_conv3)
        centred = F.pad(self.out_conv.weight, (1, 1, 1, 1))  # 1 x 1 as 3 x 3
        weight = torch.cat([centred, *(layer.weight for layer in layers[1:])])  # 12, C, 3, 3: one block per pixel
        bias = torch.cat([layer.bias for layer in layers if layer.bias is not None])
        return channel_to_space(F.conv2d(x, weight, bias, padding=1))


def draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Give a module its first weights: Glorot's uniform ones, biases 0; in the parameters' order from the generator."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            else:
                drawn = torch.empty(parameter.shape)
                nn.init.xavier_uniform_(drawn, generator=generator)
                parameter.copy_(drawn)
