"""How does a network learn that judges what an autoencoder makes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from .engine import Engine
from .losses import cross_entropy
from .optimizer import Optimizer
from .state import take

__all__ = ["Adversary"]


class Adversary:
    """A discriminator with its optimizer.

    It learns in ``learn`` and ``step`` alone; while it judges for the autoencoder's sake, its weights stay untouched.

    Attributes:
        network: The discriminator.
    """

    def __init__(
        self,
        new: Callable[[], nn.Module],
        new_optimizer: Callable[[dict[str, Tensor]], Optimizer],
        engine: Engine,
        *,
        share: float = 0.5,
    ) -> None:
        """Build it with first weights.

        Args:
            new: Builds the discriminator on the engine's device, always alike.
            new_optimizer: Builds an optimizer of parameters by name.
            engine: What it learns with.
            share: What the losses of true ones and of made ones are multiplied by before they are added up.
        """
        self._new, self._engine, self._share = new, engine, share
        self.network = new().requires_grad_(False)
        self._compiled = engine.compiled(self.network)
        self._optimizer = new_optimizer(dict(self.network.named_parameters()))

    def fooling_losses(self, made: Tensor) -> Tensor:
        """Return how surely what was made is seen through, (B,); gradients reach what was made."""
        return sum(
            (cross_entropy(logits, 1.0) for logits in self._judge(made)), start=torch.zeros((), device=made.device)
        )

    def learn(self, true: Tensor, made: Tensor) -> None:
        """Learn to tell true ones from those that were made; its weights move with ``step``."""
        self.network.requires_grad_(True)
        pairs = zip(self._judge(true), self._judge(made), strict=True)
        losses = [(cross_entropy(a, 1.0) + cross_entropy(b, 0.0)) * self._share for a, b in pairs]
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        self.network.requires_grad_(False)

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once, by all that was learnt since, here and in other processes."""
        self._engine.gather(self.network.parameters())
        self._optimizer.step(number, learning_rate)

    def _judge(self, x: Tensor) -> tuple[Tensor, ...]:
        logits = self._compiled(x)
        return logits if isinstance(logits, tuple) else (logits,)

    def state(self) -> dict[str, Tensor]:
        """Return live weights and the optimizer's slots by name."""
        weights = {f"weights.{name}": value.detach() for name, value in self.network.named_parameters()}
        slots = self._optimizer.slots
        return weights | {f"{slot}.{name}": value for slot, kept in slots.items() for name, value in kept.items()}

    def take_or_begin_anew(self, given: Mapping[str, Tensor], model: str) -> None:
        """Take a state back; where it is of another size, or none, forget everything.

        Args:
            given: What ``state`` returned once.
            model: The model's name, for messages.
        """
        mine = self.state()
        if mine.keys() == given.keys() and all(mine[name].shape == given[name].shape for name in mine):
            take("tensors of an adversary", mine, given, model)
            return
        first = dict(self._new().named_parameters())
        with torch.no_grad():
            for name, tensor in mine.items():
                kind, _, parameter = name.partition(".")
                tensor.copy_(first[parameter] if kind == "weights" else torch.zeros_like(tensor))
