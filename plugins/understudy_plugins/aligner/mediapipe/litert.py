"""How is the mesh network run?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

F32 = npt.NDArray[np.float32]


class Network:
    """One LiteRT network with a picture in, a mesh and a presence out.

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

    def __call__(self, picture: F32) -> tuple[F32, float]:
        """Return the mesh and the presence's logit for one picture, float32 (side, side, 3), 0 to 1.

        The mesh is float32 (468, 3): x and y in px from the picture's top-left corner, z in px towards the back.
        """
        self._interpreter.set_tensor(self._input, picture[np.newaxis])
        self._interpreter.invoke()
        mesh, presence = (self._interpreter.get_tensor(index) for index in self._outputs)
        return mesh.reshape(-1, 3), float(presence.reshape(-1)[0])
