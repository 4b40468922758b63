"""How are pictures spread over LiteRT interpreters?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from . import Draw

F32 = npt.NDArray[np.float32]
Outputs = tuple[F32, ...]


class LiteRTNetwork:
    """One interpreter per thread, each working on a picture at a time.

    That is faster than one interpreter with as many threads, whose layers are too small to share, and than a batch in
    one interpreter, which gains nothing; and a picture's numbers do not depend on how many there are.

    Attributes:
        side: Width and height in px of the pictures it reads.
    """

    def __init__(self, path: Path, threads: int, scale_shift: tuple[float, float]) -> None:
        self._path, self._threads, self._scale_shift = path, threads, scale_shift
        self._lanes = [_Lane(path, scale_shift)]
        self._pool: ThreadPoolExecutor | None = None
        self.side = self._lanes[0].side

    def __call__(self, draws: Sequence[Draw]) -> Outputs:
        """Return the outputs for all pictures, each float32 (B, ...)."""
        lanes = self._lanes_for(len(draws))
        parts = lanes[0].run_all(draws) if len(lanes) == 1 else self._shared(draws, lanes)
        return tuple(np.stack(column) for column in zip(*parts, strict=True)) or lanes[0].nothing()

    def _lanes_for(self, pictures: int) -> list[_Lane]:
        """Return as many interpreters as can be of use; they are made when they first are."""
        wanted = max(1, min(self._threads, pictures))
        while len(self._lanes) < wanted:
            self._lanes.append(_Lane(self._path, self._scale_shift))
        return self._lanes[:wanted]

    def _shared(self, draws: Sequence[Draw], lanes: list[_Lane]) -> list[Outputs]:
        """Return each picture's outputs; every lane takes its turn, on a thread of its own."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="litert")
        shares = [draws[first :: len(lanes)] for first in range(len(lanes))]
        done = list(self._pool.map(_Lane.run_all, lanes, shares))
        return [done[number % len(lanes)][number // len(lanes)] for number in range(len(draws))]


class _Lane:
    """One interpreter, used by one thread at a time."""

    def __init__(self, path: Path, scale_shift: tuple[float, float]) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input: int = entry["index"]
        self._outputs = self._interpreter.get_output_details()
        self._scale, self._shift = (np.float32(value) for value in scale_shift)
        self.side = int(entry["shape"][1])
        self._picture = np.empty((1, self.side, self.side, 3), np.float32)

    def run_all(self, draws: Sequence[Draw]) -> list[Outputs]:
        return [self.run(draw) for draw in draws]

    def run(self, draw: Draw) -> Outputs:
        """Return the outputs for one picture, without the batch's axis."""
        np.multiply(draw(), self._scale, out=self._picture[0])
        if self._shift:
            self._picture += self._shift
        self._interpreter.set_tensor(self._input, self._picture)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(output["index"])[0] for output in self._outputs)

    def nothing(self) -> Outputs:
        """Return the outputs for no picture."""
        return tuple(np.empty((0, *output["shape"][1:]), np.float32) for output in self._outputs)
