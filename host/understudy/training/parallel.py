"""How do several processes learn one model together?

All of them hold the whole model, and each learns from its share of every batch; gradients are added up, so that all
stay alike. The first process runs the training loop. Each call that alters its learner is told to the others as an
order of a few numbers, and they do the same; so they can neither stop at different steps nor begin at different ones.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import IntEnum
from functools import partial
from types import TracebackType
from typing import Any, Final

import torch
import torch.distributed as dist

from understudy.processes import Place
from understudy_sdk import Parallel

from .job import Change, Learner, Training

__all__ = ["Crew", "Order", "follow", "lead"]

_PATIENCE: Final = timedelta(days=7)
"""How long the others wait for an order: the first may have faces to find. Who ends takes all others along."""


class Order(IntEnum):
    """What the first process tells the others to do."""

    END = 0
    TRAIN = 1
    BUILD = 2
    LEARN = 3
    LOAD_WEIGHTS = 4
    LOAD_OPTIMIZER_STATE = 5
    LOWER_RATE = 6


class Crew:
    """The processes that learn together, as seen by one of them.

    Attributes:
        place: Which of them this is.
    """

    def __init__(self, place: Place, device: str) -> None:
        """Join nobody yet.

        Args:
            place: Which of them this is.
            device: Where it learns.
        """
        self.place, self._device = place, device
        self._is_amid = False

    def __enter__(self) -> Crew:
        """Wait until all are there."""
        if self._device.startswith("cuda"):
            torch.cuda.set_device(self._device)
        # orders go from memory to memory, gradients from device to device
        backend = "cpu:gloo,cuda:nccl" if self._device.startswith("cuda") else "gloo"
        dist.init_process_group(backend, timeout=_PATIENCE)
        if not self.place.is_first:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # when to stop is decided by the first
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Part, unless the others are in the middle of something: whoever started them ends them then."""
        if self._is_amid or (error is not None and not self.place.is_first):
            return
        self.dismiss()
        self._wait()  # a process that leaves early breaks what others still send
        dist.destroy_process_group()

    @property
    def parallel(self) -> Parallel:
        """Return what a model is lent to learn with the others."""
        return Parallel(self.place.rank, self.place.count, add_up)

    def tell(self, order: Order, *numbers: float) -> None:
        """Give an order with up to two numbers."""
        dist.broadcast(torch.tensor([order, *numbers, 0.0, 0.0][:3], dtype=torch.float64), 0)

    def dismiss(self) -> None:
        """Let the first process tell the others that what it began is over, unless they are in the middle of it."""
        if self.place.is_first and not self._is_amid:
            self.tell(Order.END)

    def hear(self) -> tuple[Order, float, float]:
        """Wait for the next order."""
        told = torch.zeros(3, dtype=torch.float64)
        dist.broadcast(told, 0)
        order, one, two = told.tolist()
        return Order(int(order)), one, two

    def share(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the first process's tensors, on the CPU; what the others hand in is not looked at."""
        if self.place.is_first:
            plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            marks = [(name, str(one.dtype).removeprefix("torch."), list(one.shape)) for name, one in plain.items()]
            text = torch.frombuffer(bytearray(json.dumps(marks).encode()), dtype=torch.uint8)
        else:
            plain, text = {}, torch.empty(0, dtype=torch.uint8)
        length = torch.tensor([len(text)])
        dist.broadcast(length, 0)
        text = text if self.place.is_first else torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(text, 0)
        for name, dtype, shape in json.loads(bytes(text.tolist()).decode()):
            tensor = plain[name] if self.place.is_first else torch.empty(shape, dtype=getattr(torch, dtype))
            plain[name] = tensor
            if tensor.numel():
                dist.broadcast(tensor.reshape(-1).view(torch.uint8), 0)  # as bytes: not every type can be sent
        return plain

    def amid(self, work: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
        """Do what all do at once; should it fail here, the others are left in the middle of it."""
        self._is_amid = True
        result = work()
        self._is_amid = False
        return result

    def _wait(self) -> None:
        dist.all_reduce(torch.zeros(1))


def add_up(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each tensor by its sum over all processes, in one go for each type of number."""
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        some = [tensor for tensor in tensors if tensor.dtype == dtype]
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in some])
        dist.all_reduce(flat)
        for tensor, part in zip(some, torch.split(flat, [tensor.numel() for tensor in some]), strict=True):
            tensor.detach().copy_(part.reshape(tensor.shape))


def lead(training: Training, crew: Crew) -> Training:
    """Return a training that takes the others along; its learners must all come from ``changes``."""

    def built(number: int, change: Change) -> Learner:
        crew.tell(Order.BUILD, number)
        return _Leading(change.build(), crew)

    draw, measure = training.draw_preview, training.measure
    return replace(
        training,
        changes=tuple(
            replace(change, build=partial(built, number, change)) for number, change in enumerate(training.changes)
        ),
        draw_preview=None if draw is None else lambda leading: draw(leading.learner),
        measure=None if measure is None else lambda leading, step: measure(leading.learner, step),
        processes=crew.place.count,
    )


def follow(crew: Crew, builds: Sequence[Callable[[], Learner]], data: Any) -> None:
    """Learn as the first process says, until it says that this training has ended.

    Args:
        crew: All processes.
        builds: Gives the learner of each change.
        data: The same faces as everywhere.
    """
    learner: Any = None
    while True:
        order, one, two = crew.hear()
        if order is Order.END:
            return
        if order is Order.BUILD:
            learner = None  # two at once may not fit into the device's memory
            learner = builds[int(one)]()
        elif order is Order.LEARN:
            learner.train_step(data, int(one), int(two))
        elif order is Order.LOAD_WEIGHTS:
            learner.load_weights(crew.share({}))
        elif order is Order.LOAD_OPTIMIZER_STATE:
            learner.load_optimizer_state(crew.share({}))
        elif order is Order.LOWER_RATE:
            learner.lower_learning_rate(one)


class _Leading:
    """The first process's learner, with which the others do what it does."""

    def __init__(self, learner: Learner, crew: Crew) -> None:
        self.learner, self._crew = learner, crew
        # first weights come from chance, which is not the same on every device
        self.load_weights(learner.weights())
        self.load_optimizer_state(learner.optimizer_state())

    @property
    def batch_size(self) -> int:
        return self.learner.batch_size

    def train_step(self, data: Any, step: int, batch_size: int) -> Mapping[str, float]:
        self._crew.tell(Order.LEARN, step, batch_size)
        return self._crew.amid(lambda: self.learner.train_step(data, step, batch_size))

    def weights(self) -> dict[str, torch.Tensor]:
        return self.learner.weights()

    def load_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        self._crew.tell(Order.LOAD_WEIGHTS)
        self.learner.load_weights(self._crew.share(weights))

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        return self.learner.optimizer_state()

    def load_optimizer_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._crew.tell(Order.LOAD_OPTIMIZER_STATE)
        self.learner.load_optimizer_state(self._crew.share(state))

    def lower_learning_rate(self, factor: float) -> None:
        self._crew.tell(Order.LOWER_RATE, factor)
        self.learner.lower_learning_rate(factor)
