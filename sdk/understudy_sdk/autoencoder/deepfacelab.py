"""Which weight of ours is which array of DeepFaceLab's files?

A file holds one network's arrays by names such as ``down1/downs_0/conv1/weight:0``; here that is
``encoder.down1.downs_0.conv1.weight``. Kernels (kh, kw, in, out) become (out, in, kh, kw), dense weights (in, out)
become (out, in). DeepFaceLab's pictures are BGR: the inputs of each network's first layer and the outputs of the
``out_conv`` layers of decoders change places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["to_array", "to_weight", "to_weight_name", "to_weights"]

Arrays = Mapping[str, npt.NDArray[Any]]

_READ_ORDER: Final = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
_WRITE_ORDER: Final = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
_TAKES_PICTURES: Final = ("down1.downs_0.conv1.weight", "down1.conv1.weight", "in_conv.weight")
_GIVES_PICTURES: Final = ("out_conv", "out_conv1", "out_conv2", "out_conv3")


def to_weight_name(part: str, name: str) -> str:
    """Return our name of an array: ``encoder`` and ``dense1/weight:0`` give ``encoder.dense1.weight``."""
    return f"{part}.{name.removesuffix(':0').replace('/', '.')}"


def to_weights(parts: Mapping[str, Arrays]) -> dict[str, torch.Tensor]:
    """Return the weights, by our names, of a model's files.

    Args:
        parts: Arrays as ``foreign.read_arrays`` gives them, by the file's part of the model: ``encoder``, ``inter``,
            ``inter_AB``, ``inter_B``, ``decoder``, ``decoder_src``, ``decoder_dst``, ``GAN`` and so on.
    """
    return {
        (ours := to_weight_name(part, name)): to_weight(ours, array)
        for part, arrays in parts.items()
        for name, array in arrays.items()
    }


def to_weight(name: str, array: npt.NDArray[Any]) -> torch.Tensor:
    """Return an array of theirs, of one, two or four dimensions, as the weight of this name."""
    turned = array.transpose(_READ_ORDER[array.ndim])
    axis = _picture_axis(name)
    turned = turned if axis is None else np.flip(turned, axis)
    return torch.from_numpy(np.ascontiguousarray(turned, np.float32))


def to_array(name: str, weight: torch.Tensor) -> npt.NDArray[np.float32]:
    """Return a weight of ours as the array that DeepFaceLab's file holds."""
    axis = _picture_axis(name)
    plain = weight.detach().float().cpu().numpy()
    plain = plain if axis is None else np.flip(plain, axis)
    return np.ascontiguousarray(plain.transpose(_WRITE_ORDER[plain.ndim]))


def _picture_axis(name: str) -> int | None:
    """Return along which axis of our weight colours lie."""
    part, _, rest = name.partition(".")
    if rest in _TAKES_PICTURES and not part.startswith("decoder"):
        return 1
    if part.startswith("decoder") and rest.partition(".")[0] in _GIVES_PICTURES:
        return 0
    return None
