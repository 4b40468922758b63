"""How is the detector's network run?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

F32 = npt.NDArray[np.float32]


class Network:
    """One LiteRT network with one picture in and some arrays out.

    Attributes:
        side: Width and height in px of the square picture it reads.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input: int = entry["index"]
        self._outputs: list[int] = [output["index"] for output in self._interpreter.get_output_details()]
        self.side = int(entry["shape"][1])

    def __call__(self, picture: F32) -> tuple[F32, F32]:
        """Return both outputs for one picture, float32 (side, side, 3), as (A, 16) boxes and (A,) score logits."""
        self._interpreter.set_tensor(self._input, picture[np.newaxis])
        self._interpreter.invoke()
        boxes, logits = (self._interpreter.get_tensor(index) for index in self._outputs)
        return boxes[0], logits[0, :, 0]
