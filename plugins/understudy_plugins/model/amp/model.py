"""How does AMP learn from two facesets, and swap faces?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from understudy_sdk import Crop, CropSpec, FaceType, Resources, Side, Swap, TrainingData
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.kept import state_of, take_state
from understudy_sdk.autoencoder.samples import Variation, prepare
from understudy_sdk.autoencoder.state import swaps_of, take, to_network
from understudy_sdk.types import FaceBatch

from . import AMPConfig
from .learner import Learner, Lesson
from .samples import draw_channels

__all__ = ["AMPModel"]

_NAME: Final = "AMP"
_SWAP_BATCH: Final = 8  # crops answered at a time, which bounds the memory
_FACTOR_NAME: Final = "learning_rate_factor"


class AMPModel:
    """An autoencoder for two people that swaps as far as it is told: a TrainableModel.

    It learns with ``precision``; weights, losses and pictures are float32 always.
    """

    def __init__(self, config: AMPConfig, resources: Resources) -> None:
        """Build the networks with first weights on the device lent."""
        self._config = config
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

    def remarks(self) -> Sequence[str]:
        """Return what the user should read, and forget it."""
        return self._engine.remarks()

    # -- learning --

    def train_step(self, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the mean losses ``source`` and ``target``, as they were before, without the GAN's."""
        even = self._config.uniform_yaw
        source, target = (
            self._engine.share(data.draw(side, step - 1, batch_size, uniform_yaw=even))
            for side in (Side.SOURCE, Side.TARGET)
        )
        parts = zip(self._engine.parts(source), self._engine.parts(target), strict=True)
        lessons = [self._lesson(*part) for part in parts]
        return self._engine.mean_losses(self._learner.learn(lessons, step, self._learning_rate_factor), batch_size)

    def _lesson(self, source: FaceBatch, target: FaceBatch) -> Lesson:
        config = self._config
        source_variation, target_variation = (
            Variation(config.random_warp, is_flipped, has_features=True)
            for is_flipped in (config.random_source_flip, config.random_target_flip)
        )
        return Lesson(
            prepare(source, source_variation, target, config.color_transfer),
            prepare(target, target_variation),
            draw_channels(source, config.inter_width, self._trained_count),
        )

    @property
    def _trained_count(self) -> int:
        """How many channels of the source's faces are its own while it learns."""
        return int(self._config.inter_width * self._config.morph_factor)

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1; kept with the optimizer's state."""
        self._learning_rate_factor *= factor

    # -- drawing --

    def adjust(self, config: AMPConfig) -> None:
        """Turn into the source as far as these settings say; all others are those it was built with."""
        self._config = config

    @torch.no_grad()
    def swap(self, crops: Sequence[Crop]) -> list[Swap]:
        """Draw the target's crops turned into the source by ``morph``, with both masks, one swap per crop."""
        network, swaps = self._network, list[Swap]()
        of_source = network.swap_channels(self._number(self._config.morph))
        for pictures in self._batches(crops):
            code = network.encoder(pictures)
            rgb, source_mask = network.decoder(network.mixed(code, of_source))
            target_mask = network.decoder.outline(network.inter_dst(code))
            swaps += swaps_of(rgb, source_mask, target_mask)
        return swaps

    @torch.no_grad()
    def rebuild(self, crops: Sequence[Crop], side: Side) -> list[Swap]:
        """Draw crops as the given side's faces are drawn in training, with that side's mask.

        Of the source's channels, training takes any; here it is the first ones, as many.
        """
        network, is_source = self._network, side is Side.SOURCE
        of_source = network.first_channels(self._number(self._trained_count if is_source else 0))
        swaps: list[Swap] = []
        for pictures in self._batches(crops):
            rgb, mask = network.decoder(network.mixed(network.encoder(pictures), of_source))
            swaps += swaps_of(rgb, mask) if is_source else swaps_of(rgb, target_mask=mask)
        return swaps

    def _number(self, number: float) -> Tensor:
        return torch.tensor([number], dtype=torch.float32, device=self._engine.device)

    def _batches(self, crops: Sequence[Crop]) -> Iterator[Tensor]:
        for first in range(0, len(crops), _SWAP_BATCH):
            yield to_network(crops[first : first + _SWAP_BATCH], self._config.resolution, self._engine.device, _NAME)

    # -- state --

    def weights(self) -> dict[str, Tensor]:
        """Return the live weights of all networks by name, the inters' among them, which nothing could bring back."""
        return {name: parameter.detach() for name, parameter in self._network.named_parameters()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights back.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        take("weights", self.weights(), weights, _NAME)

    def optimizer_state(self) -> dict[str, Tensor]:
        """Return the optimizer's means by weight name, the GAN, and what else the next step depends on."""
        factor, learner = torch.tensor(self._learning_rate_factor, dtype=torch.float64), self._learner
        return {_FACTOR_NAME: factor, **state_of(learner.optimizer.slots, learner.adversaries)}

    def load_optimizer_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the optimizer's state back. Means that are not there begin as zeros; a GAN of another size, anew.

        Raises:
            StageError: Where any other name is missing, unknown or has another shape.
        """
        mine = self.optimizer_state()
        take_state(mine, self._learner.adversaries, state, _NAME)
        self._learning_rate_factor = mine[_FACTOR_NAME].item()
