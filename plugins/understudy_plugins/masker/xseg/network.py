"""What is the network that says which pixels are face?

DeepFaceLab's XSeg: a U-net (Ronneberger et al., 2015) of six levels with filter response normalisation (Singh and
Krishnan, 2020) and blurred pooling (Zhang, 2019). Layers and names are those of its saved weights.

Letters: B batch, C channels, S side of the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor, nn

__all__ = ["UNIT_PX", "XSegNetwork", "new_network"]

UNIT_PX: Final = 64
"""The side must be a multiple: it is halved six times."""

_CODE: Final = 512  # numbers that a picture passes through in the middle

# For each level, in multiples of the width: channels, channels of what comes up from below, and convolutions.
_LEVELS: Final = ((1, 1, 2), (2, 2, 2), (4, 4, 2), (8, 4, 3), (8, 4, 3), (8, 4, 3))
_TAPS: Final = ((1.0, 3.0, 3.0, 1.0), (1.0, 2.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0))

Call = Callable[..., Any]
"""Calls a function with arguments, and may do so twice; see ``Engine.recomputed``."""


class FilterResponseNorm(nn.Module):
    """Divide each channel by the root of its mean square; scale and shift it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.eps = nn.Parameter(torch.full((1,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W)."""
        mean_square = x.float().square().mean(dim=(2, 3), keepdim=True)
        scale = torch.rsqrt(mean_square + self.eps.abs()) * self.weight[:, None, None]
        return x * scale + self.bias[:, None, None]


class ThresholdedLinear(nn.Module):
    """Cut each channel off below a threshold of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tau = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W)."""
        return torch.maximum(x, self.tau[:, None, None].to(x.dtype))


class Block(nn.Module):
    """Convolution 3 x 3, normalisation, threshold."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv2d(channels, out, 3, padding=1)
        self.frn, self.tlu = FilterResponseNorm(out), ThresholdedLinear(out)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W)."""
        result: Tensor = self.tlu(self.frn(self.conv(x)))
        return result


class UpBlock(Block):
    """Double the side: transposed convolution 3 x 3, less its last row and column; normalisation, threshold."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(channels, out)
        self.conv = nn.ConvTranspose2d(channels, out, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, 2H, 2W)."""
        wide: Tensor = self.conv(x)
        result: Tensor = self.tlu(self.frn(wide[:, :, :-1, :-1]))
        return result


class BlurPool(nn.Module):
    """Halve the side: blur, then take every other pixel."""

    kernel: Tensor

    def __init__(self, channels: int, taps: tuple[float, ...]) -> None:
        super().__init__()
        line = torch.tensor(taps)
        kernel = line[:, None] * line[None]
        self.register_buffer("kernel", (kernel / kernel.sum()).expand(channels, 1, -1, -1).clone(), persistent=False)
        self._padding = ((len(taps) - 1) // 2, len(taps) // 2) * 2  # the even ones have one more behind

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H/2, W/2)."""
        return F.conv2d(F.pad(x, self._padding), self.kernel.to(x.dtype), stride=2, groups=x.shape[1])


class XSegNetwork(nn.Module):
    """Turn pictures into logits of being face.

    Its parts are named by level and number: ``conv01`` to ``conv53`` on the way down, ``uconv53`` to ``uconv01`` on the
    way up, where the highest number comes first.
    """

    def __init__(self, width: int = 32, size: int = 256) -> None:
        """Lay out the network.

        Args:
            width: Channels at full size.
            size: Side S of the pictures in px, a multiple of ``UNIT_PX``.
        """
        super().__init__()
        before = 3
        for level, (channels, _, count) in enumerate(_LEVELS):
            for number in range(1, count + 1):
                self.add_module(f"conv{level}{number}", Block(before, channels * width))
                before = channels * width
            self.add_module(f"bp{level}", BlurPool(before, _TAPS[level]))
        self._code_shape = (before, size // UNIT_PX, size // UNIT_PX)
        features = before * (size // UNIT_PX) ** 2
        self.dense1, self.dense2 = nn.Linear(features, _CODE), nn.Linear(_CODE, features)
        for level, (channels, risen, count) in reversed(list(enumerate(_LEVELS))):
            self.add_module(f"up{level}", UpBlock(before, risen * width))
            before = (risen + channels) * width
            for number in range(count, 0, -1):
                self.add_module(f"uconv{level}{number}", Block(before, channels * width))
                before = channels * width
        self.out_conv = nn.Conv2d(before, 1, 3, padding=1)

    def forward(self, pictures: Tensor, *, has_skips: bool = True, call: Call | None = None) -> Tensor:
        """Return logits, (B, 1, S, S).

        Args:
            pictures: float32 (B, 3, S, S), 0 to 1, RGB.
            has_skips: Whether the way up sees the way down's values; without, all goes through the middle.
            call: Calls each level's part, which lets it be computed twice; None calls it as usual.
        """
        call = call or _call
        x, skips = pictures, []
        for level in range(len(_LEVELS)):
            skip = call(self._down, level, x)
            skips.append(skip if has_skips else torch.zeros_like(skip))
            x = self.get_submodule(f"bp{level}")(skip)
        x = self.dense2(self.dense1(x.flatten(1))).view(-1, *self._code_shape)
        for level in reversed(range(len(_LEVELS))):
            x = call(self._up, level, x, skips[level])
        logits: Tensor = self.out_conv(x)
        return logits

    def _down(self, level: int, x: Tensor) -> Tensor:
        for number in range(1, _LEVELS[level][2] + 1):
            x = self.get_submodule(f"conv{level}{number}")(x)
        return x

    def _up(self, level: int, x: Tensor, skip: Tensor) -> Tensor:
        x = torch.cat([self.get_submodule(f"up{level}")(x), skip], dim=1)
        for number in range(_LEVELS[level][2], 0, -1):
            x = self.get_submodule(f"uconv{level}{number}")(x)
        return x


def _call(function: Call, *arguments: Any) -> Any:
    return function(*arguments)


def new_network(width: int, size: int, seed: int) -> XSegNetwork:
    """Return a network with first weights: Glorot's uniform ones for kernels; biases 0, scales 1, thresholds 0."""
    network, generator = XSegNetwork(width, size), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter, generator=generator)
            elif name.endswith(("conv.bias", "dense1.bias", "dense2.bias")):
                parameter.zero_()
    return network
