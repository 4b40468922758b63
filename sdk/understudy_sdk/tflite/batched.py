"""How are pictures given to a torch network, many at a time?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from understudy_sdk.stages import Resources

from . import Draw, Precision
from .graph import read_graph
from .network import GraphNetwork

F32 = npt.NDArray[np.float32]

_LARGEST_BATCH: Final = 128
"""More pictures are computed in several batches, so that memory stays bounded."""

_DTYPES: Final = {"float32": torch.float32, "float16": torch.float16}


class BatchedNetwork:
    """Draws all pictures of a call on the CPU's threads and computes them in one batch on the device.

    Attributes:
        side: Width and height in px of the pictures it reads.
    """

    def __init__(
        self, path: Path, resources: Resources, scale_shift: tuple[float, float], precision: Precision
    ) -> None:
        graph = read_graph(path)
        self._device, self._dtype = torch.device(resources.device), _DTYPES[precision]
        self._network = GraphNetwork(graph).to(self._device, self._dtype).eval()
        self._scale, self._shift = scale_shift
        self._pool = ThreadPoolExecutor(max(1, resources.threads), thread_name_prefix="draw")
        self._empty = tuple(np.empty((0, *graph.shapes[number][1:]), np.float32) for number in graph.outputs)
        self.side = graph.shapes[graph.inputs[0]][1]

    def __call__(self, draws: Sequence[Draw]) -> tuple[F32, ...]:
        """Return the outputs for all pictures, each float32 (B, ...)."""
        batches = [draws[first : first + _LARGEST_BATCH] for first in range(0, len(draws), _LARGEST_BATCH)]
        parts = [self._compute(np.stack(list(self._pool.map(operator.call, batch)))) for batch in batches]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True)) or self._empty

    def _compute(self, pictures: npt.NDArray[np.uint8]) -> tuple[F32, ...]:
        """Return the outputs for pictures (B, side, side, 3)."""
        # Without TensorFloat-32, whose ten bits move points by tenths of a pixel, and with the same bits in every run.
        exactly = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exactly:
            values = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)  # (B, 3, side, side), as it lies
            values = values.to(torch.float32) * self._scale + self._shift
            outputs = self._network(values.to(self._dtype))
            return tuple(output.float().cpu().numpy() for output in outputs)
