"""How many faces fit into a step, and does the batch that is asked for?

A few steps of growing size are taken and the memory they need is measured; the rest lies on a straight line. The model
is then exactly as it was before.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil
import torch

from understudy.errors import RequestError

from .job import Learner
from .memory import PeakMemory, attempt_step, free_bytes, give_back, largest_fitting, too_large
from .schedule import kept_state

if TYPE_CHECKING:
    from .job import Training

__all__ = ["MOST", "Need", "batch_for"]

MOST: Final = 64
"""The largest batch that the host takes by itself: beyond, a step teaches little more and takes longer."""

_CHECK_ABOVE: Final = 8
"""Batches up to this size are not measured ahead on the CPU: what learns at all learns these."""

_USABLE: Final = 0.9
"""Share of the free memory that a step may fill."""

_SHRINK: Final = 0.85
"""A batch that was to fit and does not is tried with so many of its faces."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a step needs.

    Attributes:
        fixed_bytes: For any number of faces.
        face_bytes: More for each face.
        free_bytes: What is there for it.
    """

    fixed_bytes: int
    face_bytes: int
    free_bytes: int

    def of(self, faces: int) -> int:
        """Return the bytes that a step of so many faces needs."""
        return self.fixed_bytes + faces * self.face_bytes

    @property
    def largest(self) -> int:
        """Return the largest batch that fits; 0 where none does."""
        return max(int((_USABLE * self.free_bytes - self.fixed_bytes) / max(self.face_bytes, 1)), 0)

    def words(self, faces: int) -> str:
        """Say what a batch needs, what is free, and which fits."""
        return (
            f"a step needs {_size(self.of(faces))} for {faces} faces a side, {_size(self.free_bytes)} are free; "
            f"the largest batch that fits: {min(self.largest, 9999)}"
        )


def batch_for(training: Training, model: Learner, step: int, *, is_new: bool) -> int:
    """Return the batch to learn with: what the model asks for, or as many as fit where it leaves that open.

    On the CPU batches above 8 are measured ahead, before the operating system ends the process wordlessly; elsewhere
    at the start of a training.

    Args:
        training: Who learns where.
        model: The learner in use.
        step: The step that comes.
        is_new: Whether the training begins.

    Raises:
        TrainingError: The batch does not fit; names the largest that does.
        RequestError: The batch cannot be shared evenly by the processes that learn together.
    """
    wanted, share = model.batch_size, training.processes
    if wanted % share:
        raise RequestError(
            f"a batch of {wanted} faces cannot be shared evenly by {share} processes\n"
            f"  set batch_size to a multiple of {share}"
        )
    kind = torch.device(training.device).type
    if wanted and (kind not in {"cpu", "cuda"} or wanted <= _CHECK_ABOVE or (kind == "cuda" and not is_new)):
        return wanted
    with training.blame("measuring its need of memory"):
        weights, state = kept_state(model)
        probes = _probes(kind, share, wanted)
        need = _measured(training, model, step, probes)
        fitting = need.largest if need else _found(training, model, step, probes[-1])
        size = wanted or min(MOST, fitting) // share * share
        # of several processes, one that fails leaves the others hanging
        if need and not wanted and share == 1 and kind != "cpu":
            size = _tried(training, model, step, size)
        model.load_weights(weights)
        model.load_optimizer_state(state)
    give_back()
    if not size or (wanted and fitting < wanted):
        raise too_large(wanted or share, fitting, training.device)
    words = need.words(size) if need else f"the largest batch that fits: {fitting}"
    training.progress.say(words + ("" if wanted else f"; taken: {size}"))
    return size


def _probes(kind: str, share: int, wanted: int) -> tuple[int, int, int]:
    """Return the batches that are learnt to measure by; none is larger than it must be."""
    most = 8 if kind == "cuda" else 4
    if wanted:
        most = max(min(most, wanted // share), 3)
    return share, 2 * share, most * share


def _found(training: Training, model: Learner, step: int, too_many: int) -> int:
    """Return the largest batch below one that does not fit; 0 where several processes learn, which cannot try."""
    return largest_fitting(model, training.data, step, too_many) if training.processes == 1 else 0


def _measured(training: Training, model: Learner, step: int, sizes: tuple[int, int, int]) -> Need | None:
    """Return what a step needs, or None where memory runs out while that is measured."""
    # the first step's allocations are made once for all steps and are no part of the growth
    kind, share = torch.device(training.device).type, training.processes
    before = _held(training.device)
    free = free_bytes(training.device)
    peaks = list[int]()
    for size in sizes:
        peak = _peak_of(training, model, step, size)
        if peak is None:
            return None
        peaks.append(peak)
    growth = max((peaks[2] - peaks[1]) // (sizes[2] - sizes[1]), 1)
    if kind == "cuda":
        free += torch.cuda.memory_reserved(training.device)
        return Need(max(peaks[2] - sizes[2] * growth, 0), growth, free)
    return Need(max(peaks[2] - sizes[2] * growth - before, 0), growth, free // share if kind == "cpu" else free)


def _held(device: str) -> int:
    return torch.cuda.memory_allocated(device) if device.startswith("cuda") else _resident_bytes()


def _resident_bytes() -> int:
    return int(psutil.Process(os.getpid()).memory_info().rss)


def _peak_of(training: Training, model: Learner, step: int, size: int) -> int | None:
    """Return the most memory that was in use in a step, or None where it was too little."""
    if training.device.startswith("cuda"):
        give_back()
        torch.cuda.reset_peak_memory_stats(training.device)
        losses = attempt_step(model, training.data, step, size)
        peak = torch.cuda.max_memory_allocated(training.device)
    else:
        with PeakMemory() as seen:
            losses = attempt_step(model, training.data, step, size)
        peak = seen.bytes
    return None if losses is None else peak


def _tried(training: Training, model: Learner, step: int, size: int) -> int:
    """Return a batch that surely fits: the one given, or a smaller one."""
    while size and attempt_step(model, training.data, step, size) is None:
        size = int(size * _SHRINK)
    return size


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
