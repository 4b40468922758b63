"""Which array of DeepFaceLab's XSeg is which weight of ours?

``conv01/conv/weight:0`` is ``conv01.conv.weight``, turned as ``understudy_sdk.autoencoder.deepfacelab`` has it. The
first kernel's inputs change places, for DeepFaceLab's pictures are BGR.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy_sdk import DfmPlayer, FaceType, ForeignModel, StageConfig, StageError
from understudy_sdk.autoencoder.deepfacelab import (
    array_shapes,
    batch_size_of,
    faults,
    losses_of,
    of_network,
    slot_faults,
    step_of,
    to_parts,
    to_slot_arrays,
    to_slots,
    to_weights,
)

from . import XSegConfig
from .network import XSegNetwork

__all__ = ["PART", "XSegExchange"]

Arrays = Mapping[str, npt.NDArray[np.generic]]

PART: Final = "256"
"""The word in the name of the file that holds the weights: ``XSeg_256.npy``."""

_FACE_TYPES: Final = {
    "h": FaceType.HALF,
    "mf": FaceType.MID_FULL,
    "f": FaceType.FULL,
    "wf": FaceType.WHOLE_FACE,
    "head": FaceType.HEAD,
}
_WORDS: Final = {face_type: word for word, face_type in _FACE_TYPES.items()}

_SIZE, _WIDTH = 256, 32  # DeepFaceLab's; there are no others
_OPTIMIZER_PART: Final = f"{PART}_opt"
_NETWORK: Final = "XSeg"  # what its optimizer calls it
_FIRST: Final = ".conv01.conv.weight"
_SLOT: Final = "squares"
_FACTOR: Final = "learning_rate_factor"


class XSegExchange:
    """Takes XSeg over from DeepFaceLab, and hands it back: a ModelExchange."""

    @property
    def class_name(self) -> str:
        """The word in DeepFaceLab's file names."""
        return "XSeg"

    def read(self, parts: Mapping[str, Arrays], data: Mapping[str, Any]) -> ForeignModel:
        """Return DeepFaceLab's XSeg in our terms.

        Raises:
            StageError: The weights are missing, or not those of an XSeg; or its face type is not known.
        """
        own = {PART: parts[PART]} if PART in parts else {}
        wanted = _shapes()
        problems = faults(own, wanted)
        slots = of_network(parts.get(_OPTIMIZER_PART, {}), PART)
        problems += slot_faults(_OPTIMIZER_PART, slots, wanted) if slots else []
        if problems:
            raise StageError("\n  ".join(["this is no XSeg of DeepFaceLab:", *problems[:8]]))
        state = _renamed(to_slots(slots), f"{_SLOT}.{PART}.", f"{_SLOT}.")
        if state:
            state[_FACTOR] = torch.tensor(1.0, dtype=torch.float64)
        step = step_of(data)
        return ForeignModel(
            settings=_settings(data.get("options", {})),
            weights=_renamed(to_weights(own), f"{PART}.", ""),
            optimizer_state=state,
            step=step,
            losses=_losses(data, step),
            remarks=() if state else (f"There is no XSeg_{_OPTIMIZER_PART}.npy: the optimizer's means begin anew.",),
        )

    def write(
        self, settings: StageConfig, model: ForeignModel
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.generic]]], dict[str, Any]]:
        """Return a masker of ours as DeepFaceLab's files.

        Raises:
            StageError: DeepFaceLab has no network of this width or resolution.
        """
        if not isinstance(settings, XSegConfig):
            raise StageError(f"settings of xseg are wanted, but these are a {type(settings).__name__}")
        if (settings.width, settings.resolution) != (_WIDTH, _SIZE):
            raise StageError(
                f"DeepFaceLab's XSeg has width {_WIDTH} and resolution {_SIZE}, this one {settings.width} and "
                f"{settings.resolution}\n  train with those settings what is to be handed over"
            )
        parts: dict[str, dict[str, npt.NDArray[np.generic]]] = {
            part: dict(arrays) for part, arrays in to_parts(_renamed(model.weights, "", f"{PART}.")).items()
        }
        slots = _renamed(model.optimizer_state, f"{_SLOT}.", f"{_SLOT}.{_NETWORK}.")
        if slots:
            parts[_OPTIMIZER_PART] = dict(to_slot_arrays(slots, model.step))
        options = {
            "face_type": _WORDS[FaceType(settings.face_type)],
            "batch_size": settings.batch_size if isinstance(settings.batch_size, int) else 4,
            "pretrain": settings.pretrain,
        }
        losses = [[loss] for loss, _ in model.losses]
        return parts, {"iter": model.step, "options": options, "loss_history": losses}

    def player(
        self,
        settings: StageConfig,  # noqa: ARG002 - there is none, whatever they are
        weights: Mapping[str, Tensor],  # noqa: ARG002 - as above
    ) -> DfmPlayer | None:
        """Return None: what a DFM file holds swaps faces, and this masks them."""
        return None


def _shapes() -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shapes of DeepFaceLab's arrays by part and name."""
    with torch.device("meta"):
        network = XSegNetwork(_WIDTH, _SIZE)
    return array_shapes({f"{PART}.{name}": parameter for name, parameter in network.named_parameters()})


def _renamed(tensors: Mapping[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin in one way, beginning in another; colours change places."""
    return {
        new + name.removeprefix(old): tensor.flip(1) if f".{name}".endswith(_FIRST) else tensor
        for name, tensor in tensors.items()
        if name.startswith(old)
    }


def _losses(data: Mapping[str, Any], step: int) -> list[tuple[float, float]]:
    """Return the losses of the last steps; a masker has one, which stands for both sides."""
    history = data.get("loss_history")
    rows = history if isinstance(history, list) else []
    single = [row for row in rows if isinstance(row, list | tuple | np.ndarray) and len(row) == 1]
    return losses_of({"loss_history": [[row[0], row[0]] for row in single]}, step)


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of ours that say what a model's options do."""
    word = options.get("face_type", "wf")
    if word not in _FACE_TYPES:
        raise StageError(f"the model's options name the face type {word!r}, which is none of {', '.join(_FACE_TYPES)}")
    settings: dict[str, Any] = {"face_type": str(_FACE_TYPES[word])}
    batch_size = batch_size_of(options)
    if batch_size is not None:
        settings["batch_size"] = batch_size
    if "pretrain" in options:
        settings["pretrain"] = bool(options["pretrain"])
    return settings
