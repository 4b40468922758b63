"""How does the network look that draws one heat map per landmark?

FAN: stacked hourglasses of hierarchical residual blocks. Bulat and Tzimiropoulos, "How far are we from solving the 2D &
3D Face Alignment problem? (and a dataset of 230,000 3D facial landmarks)", ICCV 2017, figure 2; the hourglass is Newell
et al., "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016, figure 3. Tensors bear the names of the
published weights.
"""

from __future__ import annotations

from typing import Final, cast

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from understudy_sdk import landmarks

__all__ = ["FaceAlignmentNetwork", "new_network"]

_WIDTH: Final = 256
_DEPTH: Final = 4
"""Halvings inside an hourglass: 64 px to 4 px."""


class FaceAlignmentNetwork(nn.Module):
    """Pictures (B, 3, 256, 256), RGB, 0 to 1, to heat maps (B, 68, 64, 64), about 1 where the landmark is.

    For inference alone: batch norms use what was learnt. Fewer than four stacks are the first ones of the same network,
    each of which has learnt to draw the heat maps; the next ones only refine them.
    """

    def __init__(self, stacks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.bn1: nn.Module = nn.BatchNorm2d(64)
        self.conv2 = _Block(64, 128)
        self.conv3 = _Block(128, 128)
        self.conv4 = _Block(128, _WIDTH)
        self._last = stacks - 1
        for stack in range(stacks):
            self.add_module(f"m{stack}", _Hourglass())
            self.add_module(f"top_m_{stack}", _Block(_WIDTH, _WIDTH))
            self.add_module(f"conv_last{stack}", _mix(_WIDTH, _WIDTH))
            self.add_module(f"bn_end{stack}", nn.BatchNorm2d(_WIDTH))
            self.add_module(f"l{stack}", _mix(_WIDTH, landmarks.COUNT))
            if stack < self._last:
                self.add_module(f"bl{stack}", _mix(_WIDTH, _WIDTH))
                self.add_module(f"al{stack}", _mix(landmarks.COUNT, _WIDTH))
        self.eval()

    def fold(self) -> FaceAlignmentNetwork:
        """Join layers that together are one linear map, after the weights have come, and return the network itself.

        A batch norm behind a convolution goes into it. Of a stack that is not the last, only what it hands on is
        needed: features and heat maps, both linear in the same values, become one convolution.
        """
        self.conv1, self.bn1 = fuse_conv_bn_eval(self.conv1, cast(nn.BatchNorm2d, self.bn1)), nn.Identity()
        for stack in range(self._last + 1):
            norm = cast(nn.BatchNorm2d, self._part("bn_end", stack))
            self.add_module(f"conv_last{stack}", fuse_conv_bn_eval(self._conv("conv_last", stack), norm))
            self.add_module(f"bn_end{stack}", nn.Identity())
            if stack < self._last:
                heat, back = self._conv("l", stack), self._conv("al", stack)
                self.add_module(f"bl{stack}", _sum_of(self._conv("bl", stack), heat, back))
                del self._modules[f"l{stack}"], self._modules[f"al{stack}"]
        return self

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the last stack's heat maps, folded or not."""
        x = nnf.relu_(self.bn1(self.conv1(pictures)))  # (B, 64, 128, 128)
        x = nnf.avg_pool2d(self.conv2(x), 2)  # (B, 128, 64, 64)
        x = self.conv4(self.conv3(x))  # (B, 256, 64, 64)
        for stack in range(self._last):
            features = self._features(x, stack)
            x += self._part("bl", stack)(features)
            if f"al{stack}" in self._modules:  # not folded
                x += self._part("al", stack)(self._part("l", stack)(features))
        heat = self._conv("l", self._last)
        return cast(Tensor, heat(self._features(x, self._last).to(heat.weight.dtype)))

    def _features(self, x: Tensor, stack: int) -> Tensor:
        features = self._part("top_m_", stack)(self._part("m", stack)(x))
        features = self._part("conv_last", stack)(features)
        return nnf.relu_(self._part("bn_end", stack)(features))  # (B, 256, 64, 64)

    def _part(self, name: str, stack: int) -> nn.Module:
        return self.get_submodule(f"{name}{stack}")

    def _conv(self, name: str, stack: int) -> nn.Conv2d:
        return cast(nn.Conv2d, self._part(name, stack))


class _Block(nn.Module):
    """Three 3x3 convolutions, each fed by the one before; their outputs, side by side, are added to the input.

    The input is written over where it has the output's width; ``keep`` it where it is needed afterwards.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), _conv3x3(inputs, half)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), _conv3x3(half, quarter)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), _conv3x3(quarter, quarter)
        self.downsample = (
            None
            if inputs == outputs
            else nn.Sequential(
                nn.BatchNorm2d(inputs), nn.ReLU(inplace=True), nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
            )
        )

    def forward(self, x: Tensor, keep: bool = False) -> Tensor:
        first = self.conv1(nnf.relu_(self.bn1(x)))
        second = self.conv2(nnf.relu_(self.bn2(first)))
        third = self.conv3(nnf.relu_(self.bn3(second)))
        if self.downsample is not None:
            x = self.downsample(x)
        elif keep:
            x = x.clone()
        half, quarter = first.shape[1], second.shape[1]
        x[:, :half] += first
        x[:, half : half + quarter] += second
        x[:, half + quarter :] += third
        return x


class _Hourglass(nn.Module):
    """Blocks at 64, 32, 16, 8 and 4 px; each smaller picture is enlarged and added to the next larger one."""

    def __init__(self) -> None:
        super().__init__()
        for level in range(_DEPTH, 0, -1):  # numbered from the inside
            for name in ("b1", "b2", "b3"):
                self.add_module(f"{name}_{level}", _Block(_WIDTH, _WIDTH))
        self.b2_plus_1 = _Block(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self._level(_DEPTH, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        lower = self.get_submodule(f"b2_{level}")(nnf.avg_pool2d(x, 2))
        upper: Tensor = self.get_submodule(f"b1_{level}")(x, keep=level == _DEPTH)  # the outermost input goes on
        lower = self._level(level - 1, lower) if level > 1 else self.b2_plus_1(lower)
        lower = self.get_submodule(f"b3_{level}")(lower)
        batch, width, rows, columns = lower.shape
        # Each small pixel is added to the 2 x 2 pixels that it covers; channels last, as the values lie in memory.
        large = upper.permute(0, 2, 3, 1).view(batch, rows, 2, columns, 2, width)  # (B, h, 2, w, 2, C)
        large += lower.permute(0, 2, 3, 1).view(batch, rows, 1, columns, 1, width)  # (B, h, 1, w, 1, C)
        return upper


def new_network(stacks: int, seed: int = 0) -> FaceAlignmentNetwork:
    """Return a network with first weights that depend on nothing but the seed, channels last, not folded yet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FaceAlignmentNetwork(stacks)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return] # torch's stub lacks it


def _conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)


def _mix(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=1)


@torch.no_grad()
def _sum_of(features: nn.Conv2d, heat: nn.Conv2d, back: nn.Conv2d) -> nn.Conv2d:
    """Return ``features(x) + back(heat(x))`` of 1x1 convolutions as one."""
    joined = _mix(features.in_channels, features.out_channels)
    returned = back.weight[:, :, 0, 0]
    joined.weight.copy_(features.weight + (returned @ heat.weight[:, :, 0, 0])[:, :, None, None])
    joined.bias.copy_(features.bias + back.bias + returned @ heat.bias)  # type: ignore[union-attr,operator]
    return joined
