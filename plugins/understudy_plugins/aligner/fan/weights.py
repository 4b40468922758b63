"""Which tensors does a weight file hold, by the names that the network has for them?

Read are ``face-alignment``'s files, whose names the network bears, and DeepFaceLab's, which nest layers otherwise and
keep kernels as (height, width, in, out).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import WrongWeightsError
from understudy_sdk.foreign import read_arrays

__all__ = ["deepfacelab_name", "read_weights"]

F32 = npt.NDArray[np.float32]

_SHOWN: Final = 5
_DEPTH: Final = 4


def read_weights(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, F32]:
    """Return the tensors that the network has, by its names; others in the file, such as later stacks, are left.

    Args:
        path: A file of either program.
        shapes: Of the network's tensors, by name.

    Raises:
        WrongWeightsError: Tensors are missing or have another shape; names them.
        ForeignFileError: The file cannot be read, or holds code.
    """
    arrays = read_arrays(path)
    if any("/" in name for name in arrays):
        arrays = {name: _kernel(arrays[theirs]) for name in shapes if (theirs := deepfacelab_name(name)) in arrays}
    missing = sorted(name for name in shapes if name not in arrays)
    misshapen = [
        f"{name} is {arrays[name].shape} instead of {shape}"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    problems = [f"missing: {_some(missing)}"] if missing else []
    problems += [f"of another shape: {_some(misshapen)}"] if misshapen else []
    if problems:
        raise WrongWeightsError(
            f"{path}: these are no weights of a FAN of four stacks\n  "
            + "\n  ".join(problems)
            + "\n  give the 2DFAN or 3DFAN file of DeepFaceLab or face-alignment"
        )
    return {name: np.ascontiguousarray(arrays[name], np.float32) for name in shapes}


def deepfacelab_name(name: str) -> str:
    """Return DeepFaceLab's name for a tensor of the network."""
    *parts, variable = name.split(".")
    path = "/".join(_deepfacelab_part(part) for part in parts)
    path = path.replace("downsample/0", "down_bn1").replace("downsample/2", "down_conv1")
    return f"{path}/{variable}:0"


def _deepfacelab_part(part: str) -> str:
    """Return a layer's name; inside an hourglass levels are nested there, and numbered from the inside here."""
    if part == "b2_plus_1":
        return "/".join(["b2_plus"] * _DEPTH)
    if inside := re.fullmatch(r"(b[123])_([1-4])", part):
        return "b2_plus/" * (_DEPTH - int(inside[2])) + inside[1]
    if stacked := re.fullmatch(r"(m|conv_last|bn_end|l|bl|al)([0-3])", part):
        return f"{stacked[1]}_{stacked[2]}"
    return part


def _kernel(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
