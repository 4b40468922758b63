"""How do the weights move?

RMSprop as DeepFaceLab has it: no correction for the start, and the small constant stands outside the root. In each step
only a share of the weights moves, drawn afresh ("learning-rate dropout", Lin et al. 2019), which works against
overfitting like dropout but leaves the network whole.

The step is bound by memory: tens of millions of weights, each read and written once. So it walks over them in pieces
that stay in the cache through all operations, which is several times faster than operation by operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

__all__ = ["RMSprop"]

DECAY: Final = 0.9
"""How much of the mean square gradient stays in each step."""

EPSILON: Final = 1e-6
"""Added to the root of the mean square gradient."""

_PIECE: Final = 1 << 18  # weights walked over at a time
_LEVELS: Final = 256  # a random byte decides whether a weight moves


class RMSprop:
    """Moves parameters against their gradients, each by its own mean size.

    Attributes:
        squares: Mean square gradient by parameter name, of the parameters' shapes; all that is kept between steps.
    """

    def __init__(self, parameters: Mapping[str, Tensor], moving_share: float = 1.0, seed: int = 0) -> None:
        """Take float32 parameters by name.

        Args:
            parameters: What to move.
            moving_share: Of the weights, in each step; kept in steps of 1/256.
            seed: Decides, with the step's number, which weights move.
        """
        self._parameters = dict(parameters)
        self._threshold = round(moving_share * _LEVELS)
        self._seed = seed
        self.squares = {name: torch.zeros_like(parameter) for name, parameter in self._parameters.items()}

    @torch.no_grad()
    def step(self, number: int, learning_rate: float) -> None:
        """Move the weights once and drop the gradients; a parameter without gradient stays.

        Args:
            number: Of the step; the same number moves the same weights.
            learning_rate: A weight moves by this where its gradient is as large as it usually is.
        """
        devices = {parameter.device for parameter in self._parameters.values()}
        scratch = {device: _Scratch(device, self._seed * 1_000_003 + number) for device in devices}
        for name, parameter in self._parameters.items():
            if parameter.grad is None:
                continue
            weights, gradients, squares = (_flat(t) for t in (parameter, parameter.grad, self.squares[name]))
            for first in range(0, len(weights), _PIECE):
                piece = slice(first, first + _PIECE)
                self._move(weights[piece], gradients[piece], squares[piece], scratch[parameter.device], learning_rate)
            parameter.grad = None

    def _move(self, weights: Tensor, gradients: Tensor, squares: Tensor, scratch: _Scratch, rate: float) -> None:
        squares.mul_(DECAY).addcmul_(gradients, gradients, value=1.0 - DECAY)
        size = torch.sqrt(squares, out=scratch.size[: len(weights)]).add_(EPSILON)
        if self._threshold < _LEVELS:
            gradients.mul_(scratch.draw(len(weights), self._threshold))
        weights.addcdiv_(gradients, size, value=-rate)


class _Scratch:
    """Room for one piece, and the dice."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self.size = torch.empty(_PIECE, device=device)
        self._moving = torch.empty(_PIECE, device=device)
        self._words = torch.empty(_PIECE // 8, dtype=torch.int64, device=device)
        self._generator = torch.Generator(device).manual_seed(seed)

    def draw(self, count: int, threshold: int) -> Tensor:
        """Return 1.0 for weights that move and 0.0 for the others, (count,)."""
        words = self._words[: -(-count // 8)].random_(-(2**63), None, generator=self._generator)
        moving = self._moving[:count]
        return torch.lt(words.view(torch.uint8)[:count], threshold, out=moving)


def _flat(tensor: Tensor) -> Tensor:
    """Return a dense tensor's numbers as they lie in memory; equal strides give equal order."""
    return tensor.as_strided((tensor.numel(),), (1,))
