"""Which networks tell drawn faces from true ones, and one person's code from the other's?

``PatchDiscriminator`` is a U-Net that judges every pixel and every patch (after Schoenfeld et al., "A U-Net Based
Discriminator for Generative Adversarial Networks", 2020); ``CodeDiscriminator`` judges the map that decoders draw from.
Both have DeepFaceLab's layers and names.

Letters: B batch, C channels, S side.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor, nn

from .network import draw_weights

__all__ = ["CodeDiscriminator", "PatchDiscriminator", "new_discriminator", "patch_strides"]

_MOST_LAYERS: Final = 9
_MOST_CHANNELS: Final = 512
_SLOPE: Final = 0.2


def patch_strides(patch_px: int) -> tuple[int, ...]:
    """Return the strides of the 3 x 3 layers whose receptive field lies nearest to ``patch_px``.

    The first layer has stride 2, further ones 1 or 2. Among equally near fields the smaller one wins, then fewer
    layers, then larger strides.
    """
    fields = _fields()
    return fields[min(fields, key=lambda field: (abs(field - patch_px), field))]


@lru_cache(maxsize=1)
def _fields() -> dict[int, tuple[int, ...]]:
    """Return, by receptive field, the strides that reach it best."""
    best: dict[int, tuple[int, ...]] = {}
    for count in range(1, _MOST_LAYERS + 1):
        for others in itertools.product((1, 2), repeat=count - 1):
            strides = (2, *others)
            field, step = 3, 1
            for stride in strides[:-1]:
                step *= stride
                field += 2 * step
            known = best.get(field)
            if known is None or (len(strides), -sum(strides)) < (len(known), -sum(known)):
                best[field] = strides
    return best


class PatchDiscriminator(nn.Module):
    """Judge pictures (B, 3, S, S): logits of patches (B, 1, s, s) and of pixels (B, 1, S, S), above 0 for true ones."""

    def __init__(self, patch_px: int, width: int) -> None:
        super().__init__()
        self._strides = patch_strides(patch_px)
        channels = [width, *(min(width << (i + 1), _MOST_CHANNELS) for i in range(len(self._strides)))]
        self.in_conv = nn.Conv2d(3, width, 1)
        self._count = len(self._strides)
        for i, stride in enumerate(self._strides):
            self.add_module(f"convs_{i}", nn.Conv2d(channels[i], channels[i + 1], 3, stride=stride, padding=1))
        for i, level in enumerate(reversed(range(self._count))):
            stride, taken = self._strides[level], channels[level + 1] * (1 if i == 0 else 2)
            padding = 1 if stride == 1 else 0
            layer = nn.ConvTranspose2d(taken, channels[level], 3, stride=stride, padding=padding)
            self.add_module(f"upconvs_{i}", layer)
        self.out_conv = nn.Conv2d(2 * width, 1, 1)
        self.center_out = nn.Conv2d(channels[-1], 1, 1)
        self.center_conv = nn.Conv2d(channels[-1], channels[-1], 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of patches and of pixels, float32."""
        x = F.leaky_relu(self.in_conv(x), _SLOPE)
        seen = []
        for i in range(self._count):
            seen.append(x)
            x = F.leaky_relu(_judged(self.get_submodule(f"convs_{i}"), x), _SLOPE)
        patches = self.center_out(x)
        x = F.leaky_relu(self.center_conv(x), _SLOPE)
        for i, skip in enumerate(reversed(seen)):
            up = self.get_submodule(f"upconvs_{i}")(x)[:, :, : skip.shape[2], : skip.shape[3]]  # the last row and
            # column are dropped; a skip of odd side is a pixel smaller yet
            x = torch.cat([skip, F.leaky_relu(up, _SLOPE)], dim=1)
        return patches.float(), self.out_conv(x).float()


class CodeDiscriminator(nn.Module):
    """Judge a map (B, channels, s, s): logits (B, 1, any, any), above 0 for the target's."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self._count = 1 + side // 8
        widths = [channels, *(256 * min(2**i, 8) for i in range(self._count))]
        for i, (a, b) in enumerate(itertools.pairwise(widths)):
            kernel = 4 if i == 0 else 3
            self.add_module(f"convs_{i}", nn.Conv2d(a, b, kernel, stride=2, padding=kernel // 2))
        self.out_conv = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, float32."""
        for i in range(self._count):
            x = F.leaky_relu(self.get_submodule(f"convs_{i}")(x), 0.1)
        logits: Tensor = self.out_conv(x)
        return logits.float()


def _judged(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution; to a map of one pixel in float32.

    There oneDNN leaves gradients of bfloat16 weights that only padding meets as the memory was: some not finite.
    """
    if x.shape[-1] > 1:
        return layer(x)  # type: ignore[no-any-return]
    with torch.autocast(x.device.type, enabled=False):
        return layer(x.float())  # type: ignore[no-any-return]


def new_discriminator(kind: type[nn.Module], first: int, second: int, seed: int) -> nn.Module:
    """Build a discriminator with its first weights, the same for the same seed, and leave common chance alone."""
    with torch.device("meta"):
        network = kind(first, second)
    network.to_empty(device="cpu")
    draw_weights(network, torch.Generator().manual_seed(seed))
    return network
