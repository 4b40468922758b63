"""How do several processes learn together within one test? As threads that add up in turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import torch

from understudy_sdk.stages import Parallel

__all__ = ["side_by_side"]

T = TypeVar("T")

_PATIENCE_S: Final = 120.0


def side_by_side(count: int, work: Callable[[Parallel], T]) -> list[T]:
    """Call ``work`` in so many threads, each with its own rank, and return what they return, by rank.

    What one raises ends the others and is raised here.
    """
    meeting = _Meeting(count)
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(meeting.attend, rank, work) for rank in range(count)]
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error  # the one that broke the meeting, before those that waited in vain
    return [future.result() for future in futures]


class _Meeting:
    """Where threads bring their tensors."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count, timeout=_PATIENCE_S)
        self._brought: list[list[torch.Tensor]] = [[] for _ in range(count)]

    def attend(self, rank: int, work: Callable[[Parallel], T]) -> T:
        try:
            return work(Parallel(rank, len(self._brought), partial(self._add_up, rank)))
        except BaseException:
            self._barrier.abort()
            raise

    def _add_up(self, rank: int, tensors: Sequence[torch.Tensor]) -> None:
        self._brought[rank] = [tensor.clone() for tensor in tensors]
        self._barrier.wait()
        sums = [torch.stack(same).sum(dim=0) for same in zip(*self._brought, strict=True)]
        for tensor, total in zip(tensors, sums, strict=True):
            tensor.copy_(total)
        self._barrier.wait()
