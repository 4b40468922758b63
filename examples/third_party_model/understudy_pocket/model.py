"""How does the model pocket learn from two facesets, and swap faces?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from understudy_sdk import Crop, CropSpec, FaceBatch, FaceType, Resources, Side, Swap, TrainingData
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.samples import Variation, prepare
from understudy_sdk.autoencoder.state import swaps_of, take, to_network

from . import PocketConfig
from .network import Network

__all__ = ["PocketModel"]

_INERTIA = 0.9  # how much of a weight's last way goes into its next


class PocketModel:
    """A TrainableModel: the host runs the loop, saves and shows."""

    def __init__(self, config: PocketConfig, resources: Resources) -> None:
        self.crop_spec = CropSpec(FaceType.WHOLE_FACE, config.size_px)
        self.batch_size = config.faces_per_step
        self._rate, self._factor = config.learning_rate, torch.ones((), dtype=torch.float64)
        self._engine = Engine(config, resources)
        self._network = self._engine.place(Network(config.size_px, config.width, config.seed))
        self._draw = self._engine.compiled(self._network.forward)
        names = self.weights()
        self._ways = {name: torch.zeros_like(weight) for name, weight in names.items()}
        self._squares = {name: torch.zeros_like(weight) for name, weight in names.items()}

    def train_step(self, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return both losses; all chance comes from the draws."""
        told: dict[str, Tensor] = {}
        for side in Side:
            batch = self._engine.share(data.draw(side, step, batch_size))
            losses = []
            for part in self._engine.parts(batch):
                loss = self._losses(part, side)
                (loss.sum() / batch_size).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
                losses.append(loss.detach())
            told[side] = torch.cat(losses)
        self._engine.gather(self._network.parameters())
        self._move_weights()
        return self._engine.mean_losses(told, batch_size)

    def _losses(self, batch: FaceBatch, side: Side) -> Tensor:
        """Return each face's loss, (B,): how far it is from being drawn unbent; the face counts most."""
        samples = prepare(batch, Variation())
        with self._engine.autocast():
            drawn = self._engine.recomputed(self._draw, samples.seen, side)
        apart = (drawn.float() - torch.cat([samples.true.rgb, samples.true.mask], dim=1)).abs()
        return (apart * (0.2 + samples.true.mask)).mean(dim=(1, 2, 3))

    @torch.no_grad()
    def _move_weights(self) -> None:
        """RMSprop with inertia."""
        for name, weight in self._network.named_parameters():
            if weight.grad is None:
                continue
            self._squares[name].lerp_(weight.grad.square(), 0.01)
            self._ways[name].mul_(_INERTIA).add_(weight.grad / (self._squares[name].sqrt() + 1e-6))
            weight.sub_(0.1 * self._rate * float(self._factor) * self._ways[name])
            weight.grad = None

    def remarks(self) -> Sequence[str]:
        """Return what the user should read, and forget it."""
        return self._engine.remarks()

    @torch.no_grad()
    def rebuild(self, crops: Sequence[Crop], side: Side) -> list[Swap]:
        """Return the crops as the given side's decoder draws them, a few at a time."""
        swaps: list[Swap] = []
        for first in range(0, len(crops), 8):
            seen = to_network(crops[first : first + 8], self.crop_spec.size, self._engine.device, "pocket")
            drawn = self._network(seen, side)
            rgb, mask = drawn[:, :3], drawn[:, 3:]
            swaps += swaps_of(rgb, source_mask=mask) if side is Side.SOURCE else swaps_of(rgb, target_mask=mask)
        return swaps

    def swap(self, crops: Sequence[Crop]) -> list[Swap]:
        """Return the source's face for each of the target's crops."""
        return self.rebuild(crops, Side.SOURCE)

    def weights(self) -> dict[str, Tensor]:
        """Return what inference needs, by name."""
        return {name: weight.detach() for name, weight in self._network.named_parameters()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights back, or raise StageError."""
        take("weights", self.weights(), weights, "pocket")

    def optimizer_state(self) -> dict[str, Tensor]:
        """Return all else that the next step depends on, by name."""
        ways = {f"way.{name}": way for name, way in self._ways.items()}
        return {"factor": self._factor, **ways, **{f"square.{name}": it for name, it in self._squares.items()}}

    def load_optimizer_state(self, state: Mapping[str, Tensor]) -> None:
        """Take the optimizer's state back, or raise StageError."""
        take("optimizer state", self.optimizer_state(), state, "pocket")

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1; kept in the optimizer's state."""
        self._factor *= factor
