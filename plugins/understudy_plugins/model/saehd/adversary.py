"""How does a network learn that judges what the autoencoder makes?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import cross_entropy
from understudy_sdk.autoencoder.optimizer import Optimizer

__all__ = ["Adversary"]


class Adversary:
    """A discriminator with its optimizer.

    It learns only in ``learn`` and ``step``; while it judges for the autoencoder's sake, its weights stay untouched.
    """

    def __init__(
        self, new: Callable[[], nn.Module], new_optimizer: Callable[[dict[str, Tensor]], Optimizer], engine: Engine
    ) -> None:
        """Take what builds the discriminator, always alike, and what builds an optimizer of its parameters."""
        self._new, self._engine = new, engine
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
        losses = [(cross_entropy(a, 1.0) + cross_entropy(b, 0.0)) / 2.0 for a, b in pairs]
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

    @torch.no_grad()
    def begin_anew(self) -> None:
        """Forget everything."""
        first = dict(self._new().named_parameters())
        for name, parameter in self.network.named_parameters():
            parameter.copy_(first[name])
        for kept in self._optimizer.slots.values():
            for value in kept.values():
                value.zero_()
