"""How do the weights move?

RMSprop and AdaBelief as DeepFaceLab has them: no correction for the start, and the small constant stands outside the
root. Of the weights, a share may move in each step, drawn afresh ("learning-rate dropout", Lin et al. 2019), which
works against overfitting like dropout but leaves the network whole.

The step is bound by memory: tens of millions of weights, each read and written once. So it walks over them in pieces
that stay in the cache through all operations, which is several times faster than operation by operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import torch
from torch import Tensor

__all__ = ["AdaBelief", "Optimizer", "RMSprop", "cosine_factor"]

DECAY: Final = 0.9
"""How much of RMSprop's mean square gradient, and of AdaBelief's mean gradient, stays in each step."""

BELIEF_DECAY: Final = 0.999
"""How much of AdaBelief's mean square deviation stays in each step."""

EPSILON: Final = 1e-6
"""Added to the root that a step is divided by."""

_PIECE: Final = 1 << 18  # weights walked over at a time
_LEVELS: Final = 256  # a random byte decides whether a weight moves


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
    ) -> None:
        """Take float32 parameters by name.

        Args:
            parameters: What to move.
            moving_share: Of the weights, in each step; kept in steps of 1/256.
            seed: Decides, with the step's number, which weights move.
            clip_norm: Gradients whose norm over all parameters is this or more are scaled down to it.
            draws_on_cpu: Which weights move is drawn by the CPU, the same for every device, and copied over.
        """
        self._walk = _Walk(parameters, moving_share, seed, clip_norm, draws_on_cpu)
        self.squares = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}

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
        self._walk.step(number, learning_rate, [self.squares], _divide_by_usual)


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
    ) -> None:
        """Take float32 parameters by name; arguments are those of RMSprop."""
        self._walk = _Walk(parameters, moving_share, seed, clip_norm, draws_on_cpu)
        self.means = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
        self.deviations = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}

    @property
    def slots(self) -> dict[str, dict[str, Tensor]]:
        """Return ``means`` and ``deviations``."""
        return {"means": self.means, "deviations": self.deviations}

    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once and drop the gradients; a parameter without gradient stays."""
        self._walk.step(number, learning_rate, [self.means, self.deviations], _follow_belief)


def cosine_factor(number: int, period: int) -> float:
    """Return what the learning rate is multiplied by in step ``number``, from 1: a cosine between 1 and 0."""
    return (math.cos(2.0 * math.pi * number / period) + 1.0) / 2.0


Move = Callable[[Tensor, list[Tensor], Tensor], Tensor]
"""Update a piece's slots by its gradients and return how far each weight goes (in scratch memory, the last argument,
or in that of the gradients)."""


def _divide_by_usual(gradients: Tensor, slots: list[Tensor], size: Tensor) -> Tensor:
    (squares,) = slots
    squares.mul_(DECAY).addcmul_(gradients, gradients, value=1.0 - DECAY)
    torch.sqrt(squares, out=size).add_(EPSILON)
    return gradients


def _follow_belief(gradients: Tensor, slots: list[Tensor], size: Tensor) -> Tensor:
    means, deviations = slots
    means.lerp_(gradients, 1.0 - DECAY)
    gradients.sub_(means)
    deviations.mul_(BELIEF_DECAY).addcmul_(gradients, gradients, value=1.0 - BELIEF_DECAY)
    torch.sqrt(deviations, out=size).add_(EPSILON)
    return gradients.copy_(means)


class _Walk:
    """Goes over all weights in pieces."""

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        moving_share: float,
        seed: int,
        clip_norm: float | None,
        draws_on_cpu: bool,
    ) -> None:
        self._parameters = dict(parameters)
        self._threshold = round(moving_share * _LEVELS)
        self._seed, self._clip_norm, self._draws_on_cpu = seed, clip_norm, draws_on_cpu

    @torch.no_grad()
    def step(self, number: int, rate: float, slots: list[dict[str, Tensor]], move: Move) -> None:
        moving = {name: parameter for name, parameter in self._parameters.items() if parameter.grad is not None}
        if self._clip_norm is not None:
            _clip([parameter.grad for parameter in moving.values() if parameter.grad is not None], self._clip_norm)
        seed = self._seed * 1_000_003 + number
        devices = {parameter.device for parameter in moving.values()}
        scratch = {device: _Scratch(device, seed, self._draws_on_cpu) for device in devices}
        for name, parameter in moving.items():
            assert parameter.grad is not None
            weights, gradients = _flat(parameter), _flat(parameter.grad)
            kept = [_flat(slot[name]) for slot in slots]
            for first in range(0, len(weights), _PIECE):
                piece = slice(first, first + _PIECE)
                rows = [slot[piece] for slot in kept]
                self._move(weights[piece], gradients[piece], rows, scratch[parameter.device], (rate, move))
            parameter.grad = None

    def _move(
        self, weights: Tensor, gradients: Tensor, slots: list[Tensor], scratch: _Scratch, way: tuple[float, Move]
    ) -> None:
        rate, move = way
        size = scratch.size[: len(weights)]
        direction = move(gradients, slots, size)
        if self._threshold < _LEVELS:
            direction.mul_(scratch.draw(len(weights), self._threshold))
        weights.addcdiv_(direction, size, value=-rate)


def _clip(gradients: list[Tensor], most: float) -> None:
    """Scale gradients of all parameters alike where their common norm reaches ``most``."""
    if not gradients:
        return
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]))
    factor = torch.where(norm >= most, most / norm, torch.ones_like(norm))
    for gradient in gradients:
        gradient.mul_(factor)


class _Scratch:
    """Room for one piece, and the dice."""

    def __init__(self, device: torch.device, seed: int, draws_on_cpu: bool) -> None:
        drawing = torch.device("cpu") if draws_on_cpu else device
        self.size = torch.empty(_PIECE, device=device)
        self._moving = torch.empty(_PIECE, device=device)
        self._words = torch.empty(_PIECE // 8, dtype=torch.int64, device=drawing)
        self._generator = torch.Generator(drawing).manual_seed(seed)

    def draw(self, count: int, threshold: int) -> Tensor:
        """Return 1.0 for weights that move and 0.0 for the others, (count,)."""
        words = self._words[: -(-count // 8)].random_(-(2**63), None, generator=self._generator)
        moving = self._moving[:count]
        return torch.lt(words.to(moving.device).view(torch.uint8)[:count], threshold, out=moving)


def _flat(tensor: Tensor) -> Tensor:
    """Return a dense tensor's numbers as they lie in memory; equal strides give equal order."""
    return tensor.as_strided((tensor.numel(),), (1,))
