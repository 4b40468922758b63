"""How is a network that is kept in a TensorFlow Lite file run on pictures?

``open_network`` gives it ready to work: in LiteRT, which is the faster on a CPU, or in torch, which also runs on a GPU.
Both give the same numbers within the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from understudy_sdk.stages import Resources

__all__ = ["Draw", "PictureNetwork", "Precision", "Runtime", "open_network", "runtime_on"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

Runtime = Literal["auto", "litert", "torch"]
Precision = Literal["float32", "float16"]

Draw = Callable[[], U8]
"""Gives one picture, uint8 (side, side, 3), RGB; called once, on any thread."""


class PictureNetwork(Protocol):
    """A network that reads square pictures."""

    @property
    def side(self) -> int:
        """Width and height in px of the pictures it reads."""
        ...

    def __call__(self, draws: Sequence[Draw]) -> tuple[F32, ...]:
        """Return the network's outputs for all pictures, in the file's order, each float32 (B, ...) in its layout.

        The pictures are given as functions, so that they are drawn on as many threads as the network may use.
        """
        ...


def open_network(
    path: Path,
    resources: Resources,
    *,
    scale: float,
    shift: float,
    runtime: Runtime = "auto",
    precision: Precision = "float32",
) -> PictureNetwork:
    """Return the network of a file, ready to work.

    Args:
        path: Of a ``.tflite`` file with one picture input (1, side, side, 3).
        resources: Device and threads it may use.
        scale: The network reads ``picture * scale + shift``, with the picture's values from 0 to 255.
        shift: See ``scale``.
        runtime: ``litert`` computes on the CPU, ``torch`` on the device; ``auto`` is torch where that is a GPU.
        precision: What torch computes in; LiteRT has float32 alone.

    Raises:
        StageError: When the file is no such network, or holds an operator that torch cannot run here.
    """
    if runtime_on(resources.device, runtime) == "torch":
        from .batched import BatchedNetwork

        return BatchedNetwork(path, resources, (scale, shift), precision)
    from .litert import LiteRTNetwork

    return LiteRTNetwork(path, resources.threads, (scale, shift))


def runtime_on(device: str, runtime: Runtime) -> Literal["litert", "torch"]:
    """Return the runtime that a setting means on a device such as ``cpu`` or ``cuda:1``."""
    if runtime == "auto":
        return "litert" if device == "cpu" else "torch"
    return runtime
