"""How much memory is free, how much does a step take, and what happens when it runs out?"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import psutil
import torch

from understudy.errors import TrainingError

from .job import Learner

__all__ = ["PeakMemory", "Untouched", "attempt_step", "free_bytes", "give_back", "largest_fitting", "too_large"]

_WORDS: Final = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "cannot allocate")
"""How torch's devices and allocators say that memory is short, in lower case."""


def free_bytes(device: str) -> int:
    """Return how much memory is free on a device; on the CPU, a container's limit counts too."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if kind == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(int(psutil.virtual_memory().available), _free_in_container(Path("/sys/fs/cgroup")))


def attempt_step(model: Learner, data: Any, step: int, batch_size: int) -> Mapping[str, float] | None:
    """Learn once and return the losses, or None where memory ran out; the weights may then be half altered."""
    try:
        return model.train_step(data, step, batch_size)
    except Exception as error:  # a plugin's code; all but a want of memory goes on as it came
        if not _is_out_of_memory(error):
            raise
    give_back()  # here the exception, and the tensors its frames held, are gone
    return None


def largest_fitting(model: Learner, data: Any, step: int, too_many: int) -> int:
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


class Untouched:
    """Tells whether a failed step left what a model has learnt as it was.

    torch counts how often a tensor was written to. Where a model hands out copies in place of its own tensors, that
    says nothing, and the answer is always no.
    """

    def __init__(self, model: Learner) -> None:
        """Look at the model's tensors; they stay where they are as long as it learns."""
        self._model = model
        first, second = _tensors(model), _tensors(model)
        pairs = zip(first, second, strict=len(first) == len(second))
        self._live = [one for one, other in pairs if one.data_ptr() == other.data_ptr() and one.numel()]
        weights = {tensor.data_ptr() for tensor in model.weights().values() if tensor.numel()}
        self._is_live = weights <= {tensor.data_ptr() for tensor in self._live}
        self._versions: list[int] = []

    def look(self) -> None:
        """Remember how things are before a step."""
        self._versions = [tensor._version for tensor in self._live]

    def is_so(self) -> bool:
        """Tell whether all is surely as it was at the last look."""
        places = {tensor.data_ptr() for tensor in _tensors(self._model)}
        is_same = all(tensor.data_ptr() in places for tensor in self._live)
        return self._is_live and is_same and self._versions == [tensor._version for tensor in self._live]


def _tensors(model: Learner) -> Sequence[torch.Tensor]:
    return [*model.weights().values(), *model.optimizer_state().values()]


class PeakMemory:
    """Notes the most memory the process holds while the block runs, looking every two milliseconds.

    Attributes:
        bytes: The most so far.
    """

    def __init__(self) -> None:
        """Note nothing yet."""
        self.bytes = 0
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        """Watch."""
        gc.collect()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Watch no longer."""
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


def give_back() -> None:
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
