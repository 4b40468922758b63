"""How does the network learn that tells drawn faces from true ones?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from understudy_sdk.autoencoder.discriminators import PatchDiscriminator, new_discriminator
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.losses import cross_entropy
from understudy_sdk.autoencoder.optimizer import Optimizer
from understudy_sdk.autoencoder.state import take

__all__ = ["Adversary"]


class Adversary:
    """A discriminator of both people's faces, with its optimizer.

    It learns between ``study`` and ``step`` alone; while it judges for the autoencoder's sake, its own weights stay
    untouched.

    Attributes:
        network: The discriminator.
    """

    def __init__(
        self,
        engine: Engine,
        patch_px: int,
        width: int,
        seed: int,
        new_optimizer: Callable[[Mapping[str, Tensor], int], Optimizer],
    ) -> None:
        """Build it with first weights.

        Args:
            engine: What it learns with.
            patch_px: How much of a face it judges at once.
            width: Unit of its channels.
            seed: Decides the first weights.
            new_optimizer: Builds an optimizer of parameters by name, with a seed.
        """
        self._engine, self._size, self._seed = engine, (patch_px, width), seed
        self.network = self._first_network().requires_grad_(False)
        self._judge = engine.compiled(self.network)
        self._optimizer = new_optimizer(dict(self.network.named_parameters()), seed)

    def _first_network(self) -> PatchDiscriminator:
        network = new_discriminator(PatchDiscriminator, *self._size, self._seed)
        assert isinstance(network, PatchDiscriminator)
        return self._engine.place(network)

    def fooling_losses(self, made: Tensor) -> Tensor:
        """Return how surely drawn faces (B, 3, S, S) are seen through, (B,); gradients reach the faces."""
        patches, pixels = self._judge(made)
        return cross_entropy(patches, 1.0) + cross_entropy(pixels, 1.0)

    def study(self, true: Tensor, made: Tensor) -> None:
        """Add the gradients of telling true faces of one side from drawn ones, (B, 3, S, S) each.

        DeepFaceLab's AMP takes an eighth of eight terms: true and drawn, of both sides, by patches and by pixels.
        """
        self.network.requires_grad_(True)
        losses = [cross_entropy(logits, 1.0) for logits in self._judge(true)]
        losses += [cross_entropy(logits, 0.0) for logits in self._judge(made)]
        (torch.stack(losses).sum() / 8.0).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        self.network.requires_grad_(False)

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once, by all that was studied since, here and in other processes."""
        self._engine.gather(self.network.parameters())
        self._optimizer.step(number, learning_rate)

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
            take("tensors of the GAN", mine, given, model)
            return
        first = dict(self._first_network().named_parameters())
        with torch.no_grad():
            for name, tensor in mine.items():
                kind, _, parameter = name.partition(".")
                tensor.copy_(first[parameter] if kind == "weights" else torch.zeros_like(tensor))
