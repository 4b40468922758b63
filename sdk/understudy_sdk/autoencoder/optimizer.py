"""How do the weights move?

RMSprop and AdaBelief as DeepFaceLab has them: no correction for the start, and the small constant stands outside the
root. Of the weights, a share may move in each step, drawn afresh ("learning-rate dropout", Lin et al. 2019), which
works against overfitting like dropout but leaves the network whole.

How all weights are gone over is the ``mover``'s matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Protocol

import torch
from torch import Tensor

from .mover import Dice, Mover, Row

__all__ = ["AdaBelief", "Optimizer", "RMSprop", "cosine_factor"]

DECAY: Final = 0.9
"""How much of RMSprop's mean square gradient, and of AdaBelief's mean gradient, stays in each step."""

BELIEF_DECAY: Final = 0.999
"""How much of AdaBelief's mean square deviation stays in each step."""

EPSILON: Final = 1e-6
"""Added to the root that a step is divided by."""


class Optimizer(Protocol):
    """Moves parameters."""

    @property
    def slots(self) -> dict[str, dict[str, Tensor]]:
        """What is kept between steps, by kind and parameter name; live tensors of the parameters' shapes."""
        ...

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once and drop the gradients; a parameter without gradient stays."""
        ...


class RMSprop:
    """Moves parameters against their gradients, each by its own mean size.

    Attributes:
        squares: Mean square gradient by parameter name, of the parameters' shapes; all that is kept between steps.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        moving_share: float = 1.0,
        seed: int = 0,
        *,
        clip_norm: float | None = None,
        draws_on_cpu: bool = False,
        slots_on_cpu: bool = False,
    ) -> None:
        """Take float32 parameters by name, all on one device.

        Args:
            parameters: What to move.
            moving_share: Of the weights, in each step; kept in steps of 1/256.
            seed: Decides, with the step's number, which weights move.
            clip_norm: Gradients whose norm over all parameters is this or more are scaled down to it.
            draws_on_cpu: Which weights move is drawn by the CPU, the same for every device, and copied over.
            slots_on_cpu: What is kept between steps lies in main memory and comes to the device piece by piece.
        """
        self._mover = Mover(parameters, Dice(moving_share, seed, draws_on_cpu), clip_norm, slots_on_cpu)
        self.squares = self._mover.new_slot()

    @property
    def slots(self) -> dict[str, dict[str, Tensor]]:
        """Return the mean square gradients as ``squares``."""
        return {"squares": self.squares}

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once and drop the gradients; a parameter without gradient stays.

        Args:
            number: Of the step; the same number moves the same weights.
            learning_rate: A weight moves by this where its gradient is as large as it usually is.
        """
        self._mover.step(number, learning_rate, [self.squares], _divide_by_usual)


class AdaBelief:
    """Moves parameters along their mean gradient, further the better it foretells the gradients that come.

    Zhuang et al., "AdaBelief Optimizer", 2020, without its corrections for the start.

    Attributes:
        means: Mean gradient by parameter name.
        deviations: Mean square of gradients minus mean gradients, by parameter name.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        moving_share: float = 1.0,
        seed: int = 0,
        *,
        clip_norm: float | None = None,
        draws_on_cpu: bool = False,
        slots_on_cpu: bool = False,
    ) -> None:
        """Take float32 parameters by name; arguments are those of RMSprop."""
        self._mover = Mover(parameters, Dice(moving_share, seed, draws_on_cpu), clip_norm, slots_on_cpu)
        self.means, self.deviations = self._mover.new_slot(), self._mover.new_slot()

    @property
    def slots(self) -> dict[str, dict[str, Tensor]]:
        """Return ``means`` and ``deviations``."""
        return {"means": self.means, "deviations": self.deviations}

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once and drop the gradients; a parameter without gradient stays."""
        self._mover.step(number, learning_rate, [self.means, self.deviations], _follow_belief)


def cosine_factor(number: int, period: int) -> float:
    """Return what the learning rate is multiplied by in step ``number``, from 1: a cosine between 1 and 0."""
    return (math.cos(2.0 * math.pi * number / period) + 1.0) / 2.0


def _divide_by_usual(gradients: Row, slots: list[Row]) -> tuple[Row, Row]:
    (squares,) = slots
    torch._foreach_mul_(squares, DECAY)
    torch._foreach_addcmul_(squares, gradients, gradients, value=1.0 - DECAY)
    return gradients, _roots(squares)


def _follow_belief(gradients: Row, slots: list[Row]) -> tuple[Row, Row]:
    means, deviations = slots
    torch._foreach_lerp_(means, gradients, 1.0 - DECAY)
    torch._foreach_sub_(gradients, means)
    torch._foreach_mul_(deviations, BELIEF_DECAY)
    torch._foreach_addcmul_(deviations, gradients, gradients, value=1.0 - BELIEF_DECAY)
    torch._foreach_copy_(gradients, means)
    return gradients, _roots(deviations)


def _roots(squares: Row) -> Row:
    roots = list(torch._foreach_sqrt(squares))
    torch._foreach_add_(roots, EPSILON)
    return roots
