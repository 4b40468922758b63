"""How does Quick96 learn from two facesets, and swap faces?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from understudy_sdk import Crop, CropSpec, FaceBatch, FaceType, Resources, Side, Swap, TrainingData
from understudy_sdk.autoencoder.architecture import Widths
from understudy_sdk.autoencoder.autoencoder import new_autoencoder
from understudy_sdk.autoencoder.drawing import Drawing
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import Faces, gaussian_blur
from understudy_sdk.autoencoder.optimizer import RMSprop
from understudy_sdk.autoencoder.samples import Samples
from understudy_sdk.autoencoder.state import swaps_of, take, to_network

from .losses import face_losses
from .samples import look_up, prepare

if TYPE_CHECKING:
    from . import Quick96Config

__all__ = ["Quick96Model"]

_NAME: Final = "Quick96"
_SIZE: Final = 96
_SWAP_BATCH: Final = 8  # crops answered at a time, which bounds the memory
_WEIGHT_SIGMA_PX: Final = 3.0  # how softly the mask weighs the pictures
_WINDOW_PX: Final = 8  # side of the window in which structure is compared
_FACTOR_NAME: Final = "learning_rate_factor"
_SQUARES_PREFIX: Final = "squares."


class Quick96Model:
    """An autoencoder at 96 px with one encoder for both people and a decoder for each: a TrainableModel.

    It learns with ``precision``; weights, losses and pictures are float32 always.
    """

    def __init__(self, config: Quick96Config, resources: Resources) -> None:
        """Build the networks with first weights on the device lent."""
        self._config = config
        self._engine = Engine(config, resources)
        widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
        self._network = self._engine.place(new_autoencoder(_SIZE, widths, config.seed))
        self._drawing = Drawing(self._network, self._engine)
        self._optimizer = RMSprop(
            dict(self._network.named_parameters()),
            config.lr_dropout,
            config.seed,
            slots_on_cpu=config.optimizer_on == "cpu",
        )
        self._learning_rate_factor = 1.0

    @property
    def crop_spec(self) -> CropSpec:
        """Full faces at 96 px."""
        return CropSpec(FaceType.FULL, _SIZE)

    @property
    def batch_size(self) -> int:
        """Faces of each side per step; 0 for as many as fit."""
        return self._config.faces_per_step

    # -- learning --

    def train_step(self, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the mean losses ``source`` and ``target``, as they were before."""
        engine, (number, is_bent) = self._engine, look_up(step)
        sides = (engine.share(data.draw(side, number, batch_size)) for side in (Side.SOURCE, Side.TARGET))
        rows = []
        for source, target in zip(*(engine.parts(side) for side in sides), strict=True):
            losses = self._losses(*self._prepare(source, target, is_bent and self._config.random_warp))
            (losses[0].sum() + losses[1].sum()).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
            rows.append([loss.detach() for loss in losses])
        engine.gather(self._network.parameters())
        self._optimizer.step(step, self._config.learning_rate * self._learning_rate_factor)
        source_losses, target_losses = (torch.cat(row) for row in zip(*rows, strict=True))
        return engine.mean_losses({"source": source_losses, "target": target_losses}, batch_size)

    def _prepare(self, source: FaceBatch, target: FaceBatch, is_bent: bool) -> tuple[Samples, Samples]:
        config = self._config
        shown = prepare(
            source, is_bent=is_bent, is_flipped=config.random_source_flip, hsv_power=config.random_hsv_power
        )
        return shown, prepare(target, is_bent=is_bent, is_flipped=config.random_target_flip)

    def _losses(self, source: Samples, target: Samples) -> tuple[Tensor, Tensor]:
        """Return each face's loss, (B,), for the source's faces and for the target's."""
        network, drawing = self._network, self._drawing
        with self._engine.autocast():
            codes = drawing.codes(source.seen, target.seen)
            source_drawn = drawing.faces(network.source_decoder, codes.source)
            target_drawn = drawing.faces(network.target_decoder, codes.target)
        return _compare(source_drawn, source.true), _compare(target_drawn, target.true)

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
        return [swap for codes in self._codes(crops) for swap in self._swap(codes)]

    def _swap(self, codes: Tensor) -> list[Swap]:
        rgb, source_mask = self._network.source_decoder(codes)
        return swaps_of(rgb, source_mask, self._network.target_decoder.outline(codes))

    @torch.no_grad()
    def rebuild(self, crops: Sequence[Crop], side: Side) -> list[Swap]:
        """Draw crops as the given side's decoder does, with that side's mask."""
        is_source = side is Side.SOURCE
        decoder = self._network.source_decoder if is_source else self._network.target_decoder
        swaps: list[Swap] = []
        for codes in self._codes(crops):
            rgb, mask = decoder(codes)
            swaps += swaps_of(rgb, mask) if is_source else swaps_of(rgb, target_mask=mask)
        return swaps

    def _codes(self, crops: Sequence[Crop]) -> Iterator[Tensor]:
        for first in range(0, len(crops), _SWAP_BATCH):
            chunk = to_network(crops[first : first + _SWAP_BATCH], _SIZE, self._engine.device, _NAME)
            yield self._network.source_code(chunk)

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
        """Return the mean square gradients by weight name, and the factor on the learning rate."""
        factor = torch.tensor(self._learning_rate_factor, dtype=torch.float64)
        return {_FACTOR_NAME: factor, **self._squares()}

    def load_optimizer_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the optimizer's state back.

        Raises:
            StageError: Where a name is missing, unknown or has another shape.
        """
        factor = torch.ones((), dtype=torch.float64)
        take("optimizer state", {_FACTOR_NAME: factor, **self._squares()}, state, _NAME)
        self._learning_rate_factor = factor.item()

    def _squares(self) -> dict[str, Tensor]:
        return {_SQUARES_PREFIX + name: square for name, square in self._optimizer.squares.items()}


def _compare(drawn: Faces, true: Faces) -> Tensor:
    """Return each face's loss, (B,): what lies within the blurred mask counts."""
    return face_losses(drawn, true, gaussian_blur(true.mask, _WEIGHT_SIGMA_PX), _WINDOW_PX)
