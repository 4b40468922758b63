"""What does the S3FD network compute?

Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", 2017: the trunk of VGG-16 with three more pairs of
convolutions; six levels, at strides of 4 to 128 px, each say for every cell whether a face is there and where its box
lies. Names of the tensors are those of the published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SMALLEST_PX", "STRIDES_PX", "S3FDNetwork", "tensor_shapes"]

STRIDES_PX: Final = (4, 8, 16, 32, 64, 128)
"""Sides of the cells of the six levels."""

SMALLEST_PX: Final = 32
"""The least side of a picture; five times halved, one pixel is left."""

_TRUNK: Final = (  # name, channels in and out, kernel, stride, padding
    ("conv1_1", 3, 64, 3, 1, 1),
    ("conv1_2", 64, 64, 3, 1, 1),
    ("conv2_1", 64, 128, 3, 1, 1),
    ("conv2_2", 128, 128, 3, 1, 1),
    ("conv3_1", 128, 256, 3, 1, 1),
    ("conv3_2", 256, 256, 3, 1, 1),
    ("conv3_3", 256, 256, 3, 1, 1),
    ("conv4_1", 256, 512, 3, 1, 1),
    ("conv4_2", 512, 512, 3, 1, 1),
    ("conv4_3", 512, 512, 3, 1, 1),
    ("conv5_1", 512, 512, 3, 1, 1),
    ("conv5_2", 512, 512, 3, 1, 1),
    ("conv5_3", 512, 512, 3, 1, 1),
    ("fc6", 512, 1024, 3, 1, 3),
    ("fc7", 1024, 1024, 1, 1, 0),
    ("conv6_1", 1024, 256, 1, 1, 0),
    ("conv6_2", 256, 512, 3, 2, 1),
    ("conv7_1", 512, 128, 1, 1, 0),
    ("conv7_2", 128, 256, 3, 2, 1),
)
_HALVED: Final = frozenset({"conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"})
_LEVELS: Final = {  # where a level branches off: channels, and the stem of its tensors' names
    "conv3_3": (256, "conv3_3_norm"),
    "conv4_3": (512, "conv4_3_norm"),
    "conv5_3": (512, "conv5_3_norm"),
    "fc7": (1024, "fc7"),
    "conv6_2": (512, "conv6_2"),
    "conv7_2": (256, "conv7_2"),
}


class ChannelNorm(nn.Module):
    """Scales every pixel's channels to unit length, then each channel by a weight."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, (B, C, H, W)."""
        length = features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10
        return features / length * self.weight.view(1, -1, 1, 1)


class S3FDNetwork(nn.Module):
    """The whole network: 65 tensors, 22 459 110 parameters.

    The trunk may count in 16 bits; the heads, 1 % of the work, always count in float32, so that places and scores are
    not rounded once more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._precision, self._unit = torch.float32, 1.0
        for name, inside, outside, kernel, stride, padding in _TRUNK:
            self.add_module(name, nn.Conv2d(inside, outside, kernel, stride, padding))
        for channels, stem in _LEVELS.values():
            if stem.endswith("_norm"):
                self.add_module(stem, ChannelNorm(channels))
            outside = 4 if stem == "conv3_3_norm" else 2  # the finest level has three kinds of background
            self.add_module(f"{stem}_mbox_conf", nn.Conv2d(channels, outside, 3, padding=1))
            self.add_module(f"{stem}_mbox_loc", nn.Conv2d(channels, 4, 3, padding=1))

    def set_precision(self, dtype: torch.dtype) -> None:
        """Make the trunk count in this type; to be called once, when the weights are there and fixed.

        float16 ends at 65 504, so it counts in sixteenths: with pictures and biases a sixteenth, all features are one
        too, as convolutions, ReLU and pooling keep factors. The heads get them back at their full size.
        """
        self._precision, self._unit = dtype, 1 / 16 if dtype == torch.float16 else 1.0
        for name, *_ in _TRUNK:
            layer = self.get_submodule(name).to(dtype)
            layer.get_parameter("bias").mul_(self._unit)

    def forward(self, pictures: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return the six levels, finest first.

        Args:
            pictures: float32 (B, 3, H, W), 0 to 255 less the channels' means; sides of at least 32 px.

        Returns:
            Per level, with h = H // stride and w = W // stride or a little more: probabilities of background and face,
            float32 (B, 2, h, w), and the boxes' offsets from the cells, float32 (B, 4, h, w).
        """
        found = []
        features = (pictures * self._unit).to(self._precision)
        for name, *_ in _TRUNK:
            features = functional.relu(self.get_submodule(name)(features), inplace=True)
            if name in _LEVELS:
                found.append(self._level(features.float() / self._unit, _LEVELS[name][1]))
            if name in _HALVED:
                features = functional.max_pool2d(features, 2, 2)
        return found

    def _level(self, features: Tensor, stem: str) -> tuple[Tensor, Tensor]:
        if stem.endswith("_norm"):
            features = self.get_submodule(stem)(features)
        logits = self.get_submodule(f"{stem}_mbox_conf")(features)
        if logits.shape[1] == 4:
            logits = torch.cat([logits[:, :3].amax(dim=1, keepdim=True), logits[:, 3:]], dim=1)
        return functional.softmax(logits, dim=1), self.get_submodule(f"{stem}_mbox_loc")(features)


def tensor_shapes() -> Mapping[str, tuple[int, ...]]:
    """Return the shape of each of the network's tensors by name; takes no memory."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in S3FDNetwork().state_dict().items()}
