"""How does SAEHD learn from two facesets, and swap faces?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from understudy_sdk import Crop, CropSpec, FaceBatch, FaceType, Resources, Side, Swap, TrainingData
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.kept import state_of, take_state
from understudy_sdk.autoencoder.samples import Variation, prepare
from understudy_sdk.autoencoder.state import swaps_of, take, to_network

from . import SAEHDConfig
from .learner import Learner, in_effect

__all__ = ["SAEHDModel"]

_NAME: Final = "SAEHD"
_SWAP_BATCH: Final = 8  # crops answered at a time, which bounds the memory
_FACTOR_NAME: Final = "learning_rate_factor"
_PRETRAINING_NAME: Final = "is_pretraining"


class SAEHDModel:
    """An autoencoder for two people: a TrainableModel.

    It learns with ``precision``; weights, losses and pictures are float32 always.
    """

    def __init__(self, config: SAEHDConfig, resources: Resources) -> None:
        """Build the networks with first weights on the device lent."""
        self._config = in_effect(config)
        self._engine = Engine(config, resources)
        self._learner = Learner(config, self._engine)
        self._network = self._learner.network
        self._learning_rate_factor = 1.0

    @property
    def crop_spec(self) -> CropSpec:
        """Faces of the type and size that the settings name."""
        return CropSpec(FaceType(self._config.face_type), self._config.resolution)

    @property
    def batch_size(self) -> int:
        """Faces of each side per step; 0 for as many as fit."""
        return self._config.faces_per_step

    # -- learning --

    def train_step(self, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the mean losses ``source`` and ``target``, as they were before.

        Losses of adversaries are not among them; those of style count to the source's.
        """
        config, engine = self._config, self._engine
        sides = (engine.share(self._draw(data, side, step, batch_size)) for side in (Side.SOURCE, Side.TARGET))
        bent, features = config.random_warp, config.eyes_mouth_priority
        source_variation = Variation(bent, config.random_source_flip, config.random_hsv_power, features)
        target_variation = Variation(bent, config.random_target_flip, 0.0, features)
        parts = (
            (prepare(source, source_variation, target, config.color_transfer), prepare(target, target_variation))
            for source, target in zip(*(engine.parts(side) for side in sides), strict=True)
        )
        source_losses, target_losses = self._learner.learn(parts, step, self._learning_rate_factor)
        return engine.mean_losses({"source": source_losses, "target": target_losses}, batch_size)

    def _draw(self, data: TrainingData, side: Side, step: int, batch_size: int) -> FaceBatch:
        return data.draw(side, step - 1, batch_size, uniform_yaw=self._config.uniform_yaw)

    def remarks(self) -> Sequence[str]:
        """Return what the user should read, and forget it."""
        return self._engine.remarks()

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1; kept with the optimizer's state."""
        self._learning_rate_factor *= factor

    # -- drawing --

    @torch.no_grad()
    def swap(self, crops: Sequence[Crop]) -> list[Swap]:
        """Draw the target's crops as the source, with both masks, one swap per crop."""
        swaps: list[Swap] = []
        for pictures in self._batches(crops):
            swap_code, target_code = self._network.swap_codes(pictures)
            rgb, source_mask = self._network.source_decoder(swap_code)
            target_mask = self._network.target_decoder.outline(target_code)
            swaps += swaps_of(rgb, source_mask, target_mask)
        return swaps

    @torch.no_grad()
    def rebuild(self, crops: Sequence[Crop], side: Side) -> list[Swap]:
        """Draw crops as the given side's decoder does, with that side's mask."""
        network, is_source = self._network, side is Side.SOURCE
        swaps: list[Swap] = []
        for pictures in self._batches(crops):
            if is_source:
                rgb, mask = network.source_decoder(network.source_code(pictures))
            else:
                rgb, mask = network.target_decoder(network.target_code(pictures))
            swaps += swaps_of(rgb, mask) if is_source else swaps_of(rgb, target_mask=mask)
        return swaps

    def _batches(self, crops: Sequence[Crop]) -> Iterator[Tensor]:
        for first in range(0, len(crops), _SWAP_BATCH):
            yield to_network(crops[first : first + _SWAP_BATCH], self._config.resolution, self._engine.device, _NAME)

    # -- state --

    def weights(self) -> dict[str, Tensor]:
        """Return the live weights of all networks by name."""
        return {name: parameter.detach() for name, parameter in self._network.named_parameters()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights back.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        take("weights", self.weights(), weights, _NAME)

    def optimizer_state(self) -> dict[str, Tensor]:
        """Return the optimizer's means by weight name, the adversaries, and what else the next step depends on."""
        factor, is_pretraining = (
            torch.tensor(float(value), dtype=torch.float64)
            for value in (self._learning_rate_factor, self._config.pretrain)
        )
        learner = self._learner
        state = state_of(learner.optimizer.slots, learner.adversaries)
        return {_FACTOR_NAME: factor, _PRETRAINING_NAME: is_pretraining, **state}

    def load_optimizer_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the optimizer's state back; call it after ``load_weights``.

        Settings may have changed since. An adversary that is new, or of another size, begins anew; so do the means of
        another optimizer. After a pretraining, the part of the weights that keeps people apart begins anew.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        mine = self.optimizer_state()
        take_state(mine, self._learner.adversaries, state, _NAME)
        self._learning_rate_factor = mine[_FACTOR_NAME].item()
        if mine[_PRETRAINING_NAME].item() and not self._config.pretrain:
            self._learner.forget_people()
