"""Which numbers fill the S3FD network, and are they all there?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from understudy_sdk import Resources, WrongWeightsError
from understudy_sdk.foreign import read_arrays
from understudy_sdk.weights import require_content

from . import RELEASED
from .network import tensor_shapes

if TYPE_CHECKING:
    from . import S3FDConfig

__all__ = ["Weights", "check_weights", "read_weights", "untrained_weights"]

Weights = dict[str, npt.NDArray[np.float32]]


def untrained_weights(seed: int = 0) -> Weights:
    """Return weights drawn so that pictures still come through: He et al., "Delving deep into rectifiers", 2015."""
    random = np.random.default_rng(seed)
    drawn: Weights = {}
    for name, shape in tensor_shapes().items():
        if len(shape) == 4:
            spread = np.float32(np.sqrt(2 / np.prod(shape[1:])))
            drawn[name] = random.standard_normal(shape, np.float32) * spread
            if name == "conv1_1.weight":
                drawn[name] /= 64  # pictures count to 255; what follows is to be about 1
        else:
            drawn[name] = np.full(shape, 10 if name.endswith("_norm.weight") else 0, np.float32)
    return drawn


def read_weights(config: S3FDConfig, resources: Resources) -> Weights:
    """Return the weights that the settings name, checked. Raises WrongWeightsError where they cannot be used."""
    if config.weights != "file":
        path = resources.weights(RELEASED)
    else:
        path = Path(config.weights_file)
        require_content(path, config.weights_sha256)
    arrays = read_arrays(path)
    if any(name.endswith(":0") for name in arrays):
        arrays = {_torch_name(name): _torch_layout(array) for name, array in arrays.items()}
    return check_weights(arrays, str(path))


def _torch_name(name: str) -> str:
    """Return a name such as ``fc6/weight:0`` as ``fc6.weight``."""
    return name.removesuffix(":0").replace("/", ".")


def _torch_layout(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array of DeepFaceLab's (kh, kw, in, out) as (out, in, kh, kw), and a norm's (1, 1, 1, C) as (C,)."""
    if array.ndim != 4:
        return array
    return array.reshape(-1) if array.shape[:3] == (1, 1, 1) else array.transpose(3, 2, 0, 1)


def check_weights(arrays: Mapping[str, npt.NDArray[Any]], where: str) -> Weights:
    """Return the network's tensors as float32; what else the file holds is left out.

    Raises:
        WrongWeightsError: One is missing, has another shape or holds no finite numbers; all such are named.
    """
    problems = []
    for name, shape in tensor_shapes().items():
        if name not in arrays:
            problems.append(f"{name} is missing")
        elif arrays[name].shape != shape:
            problems.append(f"{name} must have the shape {shape}, but has {arrays[name].shape}")
        elif arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
            problems.append(f"{name} holds something other than finite numbers")
    if problems:
        shown = "".join(f"\n  {problem}" for problem in problems[:5])
        more = f"\n  and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise WrongWeightsError(f"{where} does not hold the weights of S3FD:{shown}{more}")
    return {name: np.ascontiguousarray(arrays[name], np.float32) for name in tensor_shapes()}
