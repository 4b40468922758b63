"""How are all weights of a network gone over in a step of its optimizer?

A step is bound by memory: tens of millions of weights, each read and written once. On the CPU it walks over them in
pieces that stay in the cache through all operations, several times faster than operation by operation. Elsewhere it
takes many tensors with each operation, for there starting one costs more than doing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import torch
from torch import Tensor

__all__ = ["Dice", "Move", "Mover", "Row"]

_PIECE: Final = 1 << 18  # weights walked over at a time
_CARRIED: Final = 1 << 24  # the same where slots come from main memory
_GROUP: Final = 1 << 26  # weights taken at once, which bounds the scratch memory
_LEVELS: Final = 256  # a random byte decides whether a weight moves

Row = list[Tensor]
"""Flat tensors, of one weight or piece of a weight each."""

Move = Callable[[Row, list[Row]], tuple[Row, Row]]
"""Update slots (the second argument) by gradients (the first). Return how far each weight is to go, in the gradients'
memory, and what that is to be divided by."""


class Dice:
    """Decides which weights move in a step."""

    def __init__(self, moving_share: float, seed: int, draws_on_cpu: bool) -> None:
        """Let a share move, in steps of 1/256; the seed and a step's number decide which."""
        self._threshold = round(moving_share * _LEVELS)
        self._seed, self._draws_on_cpu = seed, draws_on_cpu
        self._generator = torch.Generator()

    @property
    def is_thrown(self) -> bool:
        """Whether some weights rest."""
        return self._threshold < _LEVELS

    def begin(self, number: int, device: torch.device) -> None:
        """Begin a step on a device."""
        drawing = torch.device("cpu") if self._draws_on_cpu else device
        self._generator = torch.Generator(drawing).manual_seed(self._seed * 1_000_003 + number)

    def draw(self, count: int, device: torch.device) -> Tensor:
        """Return 1.0 for weights that move and 0.0 for the others, (count,).

        Draws of n and of m give what one of n + m does, if n is a multiple of 8 and the draws are the CPU's.
        """
        if self._generator.device.type != "cpu":
            return (torch.rand(count, device=device, generator=self._generator) < self._threshold / _LEVELS).float()
        words = torch.empty(-(-count // 8), dtype=torch.int64).random_(-(2**63), None, generator=self._generator)
        bytes_ = words.view(torch.uint8)[:count].to(device)
        return torch.lt(bytes_, self._threshold, out=torch.empty(count, device=device))


class Mover:
    """Goes over parameters, their gradients and the optimizer's slots."""

    def __init__(
        self, parameters: Mapping[str, Tensor], dice: Dice, clip_norm: float | None, slots_on_cpu: bool
    ) -> None:
        """Take float32 parameters by name, all on one device."""
        self._parameters, self._dice, self._clip_norm = dict(parameters), dice, clip_norm
        self._device = next((parameter.device for parameter in parameters.values()), torch.device("cpu"))
        self._is_carried = slots_on_cpu and self._device.type != "cpu"

    def new_slot(self) -> dict[str, Tensor]:
        """Return zeros for every parameter, where slots are to lie."""
        if not self._is_carried:
            return {name: torch.zeros_like(parameter) for name, parameter in self._parameters.items()}
        is_pinned = self._device.type == "cuda"
        return {
            name: torch.zeros_like(parameter, device="cpu", pin_memory=is_pinned)
            for name, parameter in self._parameters.items()
        }

    @torch.no_grad()
    def step(self, number: int, rate: float, slots: list[dict[str, Tensor]], move: Move) -> None:
        """Clip the gradients, let ``move`` work on all weights that have one, and drop them."""
        moving = {name: parameter for name, parameter in self._parameters.items() if parameter.grad is not None}
        if self._clip_norm is not None:
            _clip([parameter.grad for parameter in moving.values() if parameter.grad is not None], self._clip_norm)
        self._dice.begin(number, self._device)
        if self._is_carried or self._device.type == "cpu":
            self._walk(moving, rate, slots, move)
        else:
            self._leap(moving, rate, slots, move)
        for parameter in moving.values():
            parameter.grad = None

    def _walk(self, moving: dict[str, Tensor], rate: float, slots: list[dict[str, Tensor]], move: Move) -> None:
        """Go piece by piece."""
        length = _CARRIED if self._is_carried else _PIECE
        for name, parameter in moving.items():
            weights, gradients = _flat(parameter), _flat(_gradient(parameter))
            kept = [_flat(slot[name]) for slot in slots]
            draws = self._draws(parameter, length)
            for first in range(0, len(weights), length):
                piece = slice(first, first + length)
                homes = [slot[piece] for slot in kept]
                rows = [self._carry(home) for home in homes]
                (direction,), (size,) = move([gradients[piece]], [[row] for row in rows])
                if self._dice.is_thrown:
                    direction.mul_(next(draws))
                weights[piece].addcdiv_(direction, size, value=-rate)
                if self._is_carried:
                    for home, row in zip(homes, rows, strict=True):
                        home.copy_(row)

    def _carry(self, home: Tensor) -> Tensor:
        """Return a slot's piece where it can be worked on."""
        return home.to(self._device, copy=True, non_blocking=True) if self._is_carried else home

    def _leap(self, moving: dict[str, Tensor], rate: float, slots: list[dict[str, Tensor]], move: Move) -> None:
        """Take many tensors with each operation."""
        for names in _groups({name: parameter.numel() for name, parameter in moving.items()}):
            weights = [_flat(moving[name]) for name in names]
            gradients = [_flat(_gradient(moving[name])) for name in names]
            directions, sizes = move(gradients, [[_flat(slot[name]) for name in names] for slot in slots])
            if self._dice.is_thrown:
                masks = [next(self._draws(moving[name], moving[name].numel())) for name in names]
                torch._foreach_mul_(directions, masks)
            torch._foreach_addcdiv_(weights, directions, sizes, value=-rate)

    def _draws(self, parameter: Tensor, length: int) -> Iterator[Tensor]:
        """Yield, as they lie in memory, which of a parameter's weights move, so many at a time.

        Which ones they are does not depend on how the weights lie in memory.
        """
        count = parameter.numel()
        if parameter.is_contiguous():
            for first in range(0, count, length):
                yield self._dice.draw(min(length, count - first), self._device)
            return
        whole = torch.empty_like(parameter).copy_(self._dice.draw(count, self._device).view(parameter.shape))
        yield from torch.split(_flat(whole), length)


def _clip(gradients: list[Tensor], most: float) -> None:
    """Scale gradients of all parameters alike where their common norm reaches ``most``."""
    if not gradients:
        return
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, torch.where(norm >= most, most / norm, torch.ones_like(norm)))


def _groups(counts: dict[str, int]) -> Iterator[list[str]]:
    """Yield names in groups that have at most so many weights together, or one name each."""
    group: list[str] = []
    total = 0
    for name, count in counts.items():
        if group and total + count > _GROUP:
            yield group
            group, total = [], 0
        group.append(name)
        total += count
    if group:
        yield group


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _flat(tensor: Tensor) -> Tensor:
    """Return a dense tensor's numbers as they lie in memory; equal strides give equal order."""
    return tensor.as_strided((tensor.numel(),), (1,))
