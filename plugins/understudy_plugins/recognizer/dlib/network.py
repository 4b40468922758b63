"""Which network tells faces apart?

The residual network of dlib's face recognition: blocks of two 3 x 3 convolutions each, after K. He et al., "Deep
Residual Learning for Image Recognition", CVPR 2016, of whose ResNet-34 some layers and half the filters were taken out.
A scale and shift follow each convolution; as both are fixed, they are folded into it when weights are taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy_sdk import StageError
from understudy_sdk.types import F32

__all__ = ["LAYERS", "SIDE", "FaceNet", "load_parameters"]

SIDE: Final = 150
"""Side in px of the pictures it reads."""

_STEM: Final = 32
_BLOCKS: Final = (
    *((32, 1), (32, 1), (32, 1)),
    *((64, 2), (64, 1), (64, 1), (64, 1)),
    *((128, 2), (128, 1), (128, 1)),
    *((256, 2), (256, 1), (256, 1)),
    (256, 2),
)
"""Channels and stride of each block, from the input to the output."""

LAYERS: Final = (*("con_4", "affine_") * (1 + 2 * len(_BLOCKS)), "fc_2")
"""The layers that learn, as dlib's file names them."""

_MEAN: Final = (122.782, 117.001, 104.298)  # of the pictures it learnt from, red, green, blue
_SCALE: Final = 1 / 256
_LENGTH: Final = 128


class _Block(nn.Module):
    """Two convolutions beside a shortcut; with stride 2 the shortcut is averaged down."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride, padding=1 if stride == 1 else 0)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Take (B, C, H, W), give (B, C', H', W')."""
        learnt = self.second(functional.relu(self.first(x)))
        if self.first.stride[0] == 1:
            return functional.relu(learnt + x)
        short = functional.avg_pool2d(x, 2)
        # Where one of the two has fewer channels, rows or columns, dlib takes what is not there as 0.
        height, width = (max(learnt.shape[axis], short.shape[axis]) for axis in (2, 3))
        return functional.relu(
            _grown(learnt, learnt.shape[1], height, width) + _grown(short, learnt.shape[1], height, width)
        )


def _grown(x: Tensor, channels: int, height: int, width: int) -> Tensor:
    missing = (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1])
    return functional.pad(x, missing) if any(missing) else x


class FaceNet(nn.Module):
    """From aligned faces to vectors of which those of one person lie close."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 7, stride=2)
        before = (_STEM, *(channels for channels, _ in _BLOCKS))
        self.blocks = nn.ModuleList(
            _Block(channels_in, *block) for channels_in, block in zip(before, _BLOCKS, strict=False)
        )
        self.head = nn.Linear(before[-1], _LENGTH, bias=False)
        self.register_buffer("mean", torch.tensor(_MEAN).reshape(1, 3, 1, 1))
        self.mean: Tensor

    def forward(self, rgb: Tensor) -> Tensor:
        """Take faces, float32 (B, 3, 150, 150), 0 to 255, RGB; give (B, 128), of no fixed length."""
        x = functional.relu(self.stem((rgb - self.mean) * _SCALE))
        x = functional.max_pool2d(x, 3, 2)
        for block in self.blocks:
            x = block(x)
        vectors: Tensor = self.head(x.mean(dim=(2, 3)))
        return vectors


def load_parameters(network: FaceNet, parameters: Sequence[F32]) -> None:
    """Take over what was read from dlib's file, one array for each of ``LAYERS``.

    Raises:
        StageError: When an array is not of its layer's size.
    """
    arrays = iter(parameters)
    with torch.no_grad():
        for convolution in _convolutions(network):
            filters, shift = _split(next(arrays), convolution.weight.numel(), convolution.out_channels)
            scale, offset = _split(next(arrays), convolution.out_channels, convolution.out_channels)
            folded = filters.reshape(convolution.weight.shape) * scale[:, None, None, None]
            convolution.weight.copy_(torch.from_numpy(folded))
            convolution.bias.copy_(torch.from_numpy(shift * scale + offset))  # type: ignore[union-attr]  # all have one
        (weight, _) = _split(next(arrays), network.head.weight.numel(), 0)
        network.head.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight.reshape(-1, _LENGTH).T)))


def _convolutions(network: FaceNet) -> Iterator[nn.Conv2d]:
    yield network.stem
    for block in network.blocks:
        assert isinstance(block, _Block)
        yield block.first
        yield block.second


def _split(values: F32, first: int, second: int) -> tuple[F32, F32]:
    if len(values) != first + second:
        raise StageError(f"the weight file has a layer of {len(values)} numbers, not {first + second}")
    return values[:first], values[first:]
