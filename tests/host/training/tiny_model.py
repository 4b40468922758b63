"""Which model do the tests of the training loop train? One of a few hundred weights, real in every other way."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from understudy_sdk import CropSpec, FaceType, Side, StageError, Swap

SIZE = 16


class TinyModel:
    """One encoder and two decoders of a single convolution each, moved by momentum; all chance comes from the draw."""

    crop_spec = CropSpec(FaceType.FULL, SIZE)

    def __init__(self, batch_size: int = 4, rate: float = 0.4, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.batch_size, self.rate = batch_size, rate
        self.encoder = nn.Conv2d(3, 6, 3, padding=1)
        self.decoders = nn.ModuleDict({side: nn.Conv2d(6, 4, 3, padding=1) for side in Side})
        self.nets = nn.ModuleDict({"encoder": self.encoder, "decoders": self.decoders})
        for parameter in self.nets.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
        self.momenta = {name: torch.zeros_like(tensor) for name, tensor in self.nets.named_parameters()}
        self.steps_done: list[int] = []

    def train_step(self, data, step, batch_size):
        self.steps_done.append(step)
        losses = {str(side): self._loss(data.draw(side, step - 1, batch_size), side) for side in Side}
        sum(losses.values()).backward()
        with torch.no_grad():
            for name, parameter in self.nets.named_parameters():
                self.momenta[name].mul_(0.8).add_(parameter.grad)
                parameter.sub_(self.rate * self.momenta[name])
                parameter.grad = None
        return {name: loss.item() for name, loss in losses.items()}

    def _loss(self, batch, side):
        rgb = batch.rgb.float() / 255
        noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(batch.seed)) * 0.02
        drawn = self._draw(rgb + noise, side)
        wanted = torch.cat([rgb, batch.mask.float() / 255], dim=1)
        return functional.mse_loss(drawn, wanted)

    def _draw(self, rgb, side):
        return torch.sigmoid(self.decoders[side](torch.tanh(self.encoder(rgb))))

    @torch.no_grad()
    def rebuild(self, crops, side):
        swaps = []
        for crop in crops:
            drawn = self._draw(torch.from_numpy(crop.rgb.transpose(2, 0, 1)[None] / np.float32(255)), side)[0].numpy()
            swaps.append(Swap(np.ascontiguousarray(drawn[:3].transpose(1, 2, 0)), source_mask=drawn[3]))
        return swaps

    def swap(self, crops):
        return self.rebuild(crops, Side.SOURCE)

    def weights(self):
        return dict(self.nets.state_dict())

    def load_weights(self, weights):
        take_over(self.weights(), weights)

    def optimizer_state(self):
        return {**self.momenta, "rate": torch.tensor(self.rate, dtype=torch.float64)}

    def load_optimizer_state(self, state):
        rate = torch.tensor(0.0, dtype=torch.float64)
        take_over({**self.momenta, "rate": rate}, state)
        self.rate = rate.item()

    def lower_learning_rate(self, factor):
        self.rate *= factor


def take_over(mine, given):
    if mine.keys() != given.keys() or any(mine[name].shape != given[name].shape for name in mine):
        raise StageError("these tensors belong to another model")
    with torch.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(given[name])


def face_arrays(count=6, seed=0):
    """Return arrays of ``count`` faces, each of its own plain colour with a little noise."""
    random = np.random.default_rng(seed)
    levels = random.integers(30, 220, (count, 3, 1, 1))
    rgb = np.clip(levels + random.integers(-10, 11, (count, 3, SIZE, SIZE)), 0, 255).astype(np.uint8)
    mask = np.zeros((count, 1, SIZE, SIZE), np.uint8)
    mask[:, :, 3:13, 3:13] = 255
    landmarks = random.uniform(3, 13, (count, 68, 2)).astype(np.float32)
    landmarks[:, 0, 0] = np.arange(count)  # so that a face can be told in a batch
    return rgb, mask, landmarks
