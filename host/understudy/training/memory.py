"""Does a batch fit into memory, and if not, how large a one would?"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

import psutil
import torch

from understudy.errors import TrainingError
from understudy_sdk import TrainableModel, TrainingData

__all__ = ["attempt_step", "check_ahead", "free_bytes", "largest_fitting", "too_large"]

_CHECK_ABOVE: Final = 8
"""Batches up to this size are not measured ahead on the CPU: what learns at all learns these."""

_USABLE: Final = 0.9
"""Share of the free memory that a step may fill."""

_WORDS: Final = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "cannot allocate")
"""How torch's devices and allocators say that memory is short, in lower case."""


class _Blame(Protocol):
    """Gives a context in which a plugin's own exceptions are told as the plugin's."""

    def __call__(self, doing: str, /) -> AbstractContextManager[object]: ...


def free_bytes(device: str) -> int:
    """Return how much memory is free on a device; on the CPU, a container's limit counts too."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if kind == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(int(psutil.virtual_memory().available), _free_in_container(Path("/sys/fs/cgroup")))


def attempt_step(model: TrainableModel, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float] | None:
    """Learn once and return the losses, or None where memory ran out; the weights may then be half altered."""
    try:
        return model.train_step(data, step, batch_size)
    except Exception as error:  # a plugin's code; all but a want of memory goes on as it came
        if not _is_out_of_memory(error):
            raise
    _give_back()  # here the exception, and the tensors its frames held, are gone
    return None


def largest_fitting(model: TrainableModel, data: TrainingData, step: int, too_many: int) -> int:
    """Return the largest batch size below ``too_many`` with which a step can be done, by trying; 0 where none can.

    Alters the weights: what the model has learnt must be on the disk.
    """
    fits, fails = 0, too_many
    trial = too_many // 2
    while trial > fits:
        if attempt_step(model, data, step, trial) is None:
            fails = trial
        else:
            fits = trial
        trial = (fits + fails) // 2 if fits else fails // 2
    return fits


def too_large(batch_size: int, fitting: int, device: str) -> TrainingError:
    """Return the error that names the largest batch that fits."""
    if fitting:
        advice = f"a batch of {fitting} fits: set the model's batch_size to {fitting} or less"
    else:
        advice = "not even a batch of 1 fits: choose a smaller model, or a device with more memory"
    return TrainingError(f"a batch of {batch_size} does not fit into the memory of {device}\n  {advice}")


def check_ahead(model: TrainableModel, data: TrainingData, step: int, blame: _Blame) -> None:
    """Refuse a batch that would fill the computer's memory, before the operating system ends the process wordlessly.

    Takes steps of 1, 2 and 4 faces and measures how the memory in use grows; the model is then as it was before.

    Raises:
        TrainingError: With the largest batch size that fits.
    """
    wanted = model.batch_size
    if wanted <= _CHECK_ABOVE:
        return
    with blame("measuring its need of memory"):
        weights, state = _copies(model.weights()), _copies(model.optimizer_state())
        # the first step's allocations are made once for all steps and are no part of the growth
        _, two, four = (_peak_of_step(model, data, step, size) for size in (1, 2, 4))
        model.load_weights(weights)
        model.load_optimizer_state(state)
    per_face = max((four - two) / 2, 1.0)
    fitting = int(_USABLE * free_bytes("cpu") / per_face)
    if fitting < wanted:
        raise too_large(wanted, fitting, "cpu")


def _copies(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _peak_of_step(model: TrainableModel, data: TrainingData, step: int, size: int) -> int:
    with _PeakMemory() as peak:
        losses = attempt_step(model, data, step, size)
    if losses is None:
        raise too_large(model.batch_size, largest_fitting(model, data, step, size), "cpu")
    return peak.bytes


class _PeakMemory:
    """Notes the most memory the process holds while the block runs, looking every two milliseconds."""

    def __init__(self) -> None:
        self.bytes = 0
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> _PeakMemory:
        gc.collect()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, self._process.memory_info().rss)
            if self._ended.wait(0.002):
                return


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def _give_back() -> None:
    """Return freed memory to the device, where torch keeps it for later."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _free_in_container(root: Path) -> int:
    """Return what a Linux control group (version 2) leaves free; a huge number where there is no limit."""
    try:
        limit = (root / "memory.max").read_text().strip()
        if limit == "max":
            return sys.maxsize
        counts = dict(line.split() for line in (root / "memory.stat").read_text().splitlines())
        used = int((root / "memory.current").read_text()) - int(counts.get("inactive_file", 0))
    except (OSError, ValueError):
        return sys.maxsize
    return int(limit) - used
