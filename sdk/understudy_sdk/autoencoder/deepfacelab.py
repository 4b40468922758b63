"""Which weight of ours is which array of DeepFaceLab's files?

A file holds one network's arrays by names such as ``down1/downs_0/conv1/weight:0``; here that is
``encoder.down1.downs_0.conv1.weight``. Kernels (kh, kw, in, out) become (out, in, kh, kw), dense weights (in, out)
become (out, in). DeepFaceLab's pictures are BGR: the inputs of each network's first layer and the outputs of the
``out_conv`` layers of decoders change places.

An optimizer's file holds its means by names such as ``ms_encoder/dense1/weight_0:0``; here that is
``means.encoder.dense1.weight``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from understudy_sdk.errors import StageError

from .settings import MOST_FACES

__all__ = [
    "array_shapes",
    "batch_size_of",
    "faults",
    "losses_of",
    "of_network",
    "optimizer_kind",
    "slot_faults",
    "step_of",
    "to_array",
    "to_parts",
    "to_slot_arrays",
    "to_slots",
    "to_weight",
    "to_weight_name",
    "to_weights",
]

Arrays = Mapping[str, npt.NDArray[Any]]
Shape = tuple[int, ...]

_READ_ORDER: Final = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
_WRITE_ORDER: Final = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
_NUMBER: Final = (int, float, np.number)
_SLOT_NAME: Final = re.compile(r"(ms|vs|acc)_(.+)_0:0")
_NETWORK: Final = re.compile(r"^((?:ms|vs|acc)_)[^/]+/")
_SLOTS: Final = {"ms": "means", "vs": "deviations", "acc": "squares"}
_STEPS_NAME: Final = "iters:0"
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


def to_parts(weights: Mapping[str, torch.Tensor]) -> dict[str, dict[str, npt.NDArray[np.float32]]]:
    """Return the arrays of a model's files, by part, of weights by our names: what ``to_weights`` reads."""
    parts: dict[str, dict[str, npt.NDArray[np.float32]]] = {}
    for name, weight in weights.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[_array_name(rest)] = to_array(name, weight)
    return parts


def array_shapes(weights: Mapping[str, torch.Tensor]) -> dict[str, dict[str, Shape]]:
    """Return the shapes that a model's arrays have in files, by part and name; weights may be on the meta device."""
    shapes: dict[str, dict[str, Shape]] = {}
    for name, weight in weights.items():
        part, _, rest = name.partition(".")
        shapes.setdefault(part, {})[_array_name(rest)] = _written_shape(weight.shape)
    return shapes


def faults(parts: Mapping[str, Arrays], wanted: Mapping[str, Mapping[str, Shape]]) -> list[str]:
    """Say all that is wrong with a model's files, a line each: what is missing, misshapen, too much, or no number."""
    found = []
    for part, shapes in wanted.items():
        if part not in parts:
            found.append(f"{part}.npy is missing")
        else:
            found += _faults_of_arrays(f"{part}.npy", parts[part], shapes)
    return found


def optimizer_kind(arrays: Arrays) -> str:
    """Return which optimizer wrote a file, ``adabelief`` or ``rmsprop``; empty where it holds neither's means."""
    kinds = {match[1] for match in map(_SLOT_NAME.fullmatch, arrays) if match}
    return "rmsprop" if "acc" in kinds else "adabelief" if kinds else ""


def of_network(arrays: Arrays, network: str) -> dict[str, npt.NDArray[Any]]:
    """Return the file of an optimizer that moves one network alone, as if theirs were called ``network``."""
    return {_NETWORK.sub(rf"\g<1>{network}/", name): array for name, array in arrays.items()}


def slot_faults(part: str, arrays: Arrays, wanted: Mapping[str, Mapping[str, Shape]]) -> list[str]:
    """Say all that is wrong with an optimizer's file, whichever optimizer wrote it, a line each.

    Args:
        part: The file's part of the name: ``src_dst_opt``.
        arrays: What it holds.
        wanted: Shapes of the arrays that it moves, as ``array_shapes`` has them.
    """
    kinds = ("acc",) if optimizer_kind(arrays) == "rmsprop" else ("ms", "vs")
    expected = {
        f"{kind}_{network}/{name.removesuffix(':0')}_0:0": shape
        for kind in kinds
        for network, shapes in wanted.items()
        for name, shape in shapes.items()
    }
    means = {name: array for name, array in arrays.items() if name != _STEPS_NAME}
    return _faults_of_arrays(f"{part}.npy", means, expected)


def to_slots(arrays: Arrays) -> dict[str, torch.Tensor]:
    """Return an optimizer's means by our names: ``means.encoder.dense1.weight`` and so on."""
    slots = {}
    for theirs, array in arrays.items():
        match = _SLOT_NAME.fullmatch(theirs)
        if match:
            name = match[2].replace("/", ".")
            slots[f"{_SLOTS[match[1]]}.{name}"] = to_weight(name, array)
    return slots


def to_slot_arrays(slots: Mapping[str, torch.Tensor], step: int) -> dict[str, npt.NDArray[Any]]:
    """Return an optimizer's file, of what ``to_slots`` returns, after so many steps."""
    arrays: dict[str, npt.NDArray[Any]] = {_STEPS_NAME: np.array(step, np.int64)}
    for theirs, ours in _SLOTS.items():
        for name, slot in slots.items():
            kind, _, weight = name.partition(".")
            if kind == ours:
                arrays[f"{theirs}_{weight.replace('.', '/')}_0:0"] = to_array(weight, slot)
    return arrays


def step_of(data: Mapping[str, Any]) -> int:
    """Return how many steps a model has learnt, by its ``data.dat``; 0 where that says nothing of it."""
    step = data.get("iter")
    return max(0, int(step)) if isinstance(step, int | np.integer) else 0


def batch_size_of(options: Mapping[str, Any]) -> int | None:
    """Return the batch size among a model's options; None where they name none.

    Raises:
        StageError: It is none that a model can learn with.
    """
    found = options.get("batch_size")
    if found is None:
        return None
    if not isinstance(found, int | np.integer) or not 1 <= found <= MOST_FACES:
        raise StageError(f"the option batch_size is {found!r}, but must be a whole number from 1 to {MOST_FACES}")
    return int(found)


def losses_of(data: Mapping[str, Any], step: int) -> list[tuple[float, float]]:
    """Return the losses of both sides by a ``data.dat``, the last ones those of ``step``; what is no pair is passed."""
    history = data.get("loss_history")
    rows = history if isinstance(history, list) else []
    pairs = [tuple(row) for row in rows if isinstance(row, list | tuple | np.ndarray) and len(row) == 2]
    numbers = [(float(a), float(b)) for a, b in pairs if isinstance(a, _NUMBER) and isinstance(b, _NUMBER)]
    return numbers[max(0, len(numbers) - step) :]


def _faults_of_arrays(file: str, arrays: Arrays, wanted: Mapping[str, Shape]) -> list[str]:
    found = [f"{file}: {name} is missing" for name in wanted if name not in arrays]
    for name, array in arrays.items():
        if name not in wanted:
            found.append(f"{file}: {name}, {_told(array.shape)}, belongs to no part of such a model")
        elif tuple(array.shape) != wanted[name]:
            found.append(f"{file}: {name} is {_told(array.shape)}, but the options ask for {_told(wanted[name])}")
        elif array.dtype.kind != "f" or not np.isfinite(array).all():
            found.append(f"{file}: {name} holds what is no finite number")
    return found


def _told(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _array_name(name: str) -> str:
    return name.replace(".", "/") + ":0"


def _written_shape(shape: Sequence[int]) -> Shape:
    return tuple(shape[axis] for axis in _WRITE_ORDER[len(shape)])


def _picture_axis(name: str) -> int | None:
    """Return along which axis of our weight colours lie."""
    part, _, rest = name.partition(".")
    if rest in _TAKES_PICTURES and not part.startswith("decoder"):
        return 1
    if part.startswith("decoder") and rest.partition(".")[0] in _GIVES_PICTURES:
        return 0
    return None
