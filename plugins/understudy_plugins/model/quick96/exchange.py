"""How is a model of DeepFaceLab's Quick96 taken over, and handed back?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy_sdk import CropSpec, DfmPlayer, FaceType, ForeignModel, StageConfig, StageError
from understudy_sdk.autoencoder import deepfacelab as dfl
from understudy_sdk.autoencoder.architecture import Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder
from understudy_sdk.autoencoder.player import AutoencoderPlayer

from . import Quick96Config

__all__ = ["Quick96Exchange"]

Parts = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]

_SIZE: Final = 96
_OPTIMIZER: Final = "src_dst_opt"
_FIXED: Final = ("code_width", "encoder_width", "decoder_width", "mask_width")


class Quick96Exchange:
    """Takes models over from DeepFaceLab's Quick96, which has no options, and hands them back: a ModelExchange."""

    @property
    def class_name(self) -> str:
        """What stands in the names of its files."""
        return "Quick96"

    def read(self, parts: Parts, data: Mapping[str, Any]) -> ForeignModel:
        """Return a model of theirs.

        Raises:
            StageError: Files are missing or misshapen; all that is wrong is named.
        """
        wanted = dfl.array_shapes(dict(_outline(Quick96Config()).named_parameters()))
        problems, remarks = dfl.faults(parts, wanted), []
        arrays = parts.get(_OPTIMIZER)
        if arrays is None or dfl.optimizer_kind(arrays) != "rmsprop":
            arrays = None
            remarks.append(f"{_OPTIMIZER}.npy is not there or not Quick96's, so the optimizer's means begin anew.")
        else:
            problems += dfl.slot_faults(_OPTIMIZER, arrays, wanted)
        if problems:
            raise StageError("\n  ".join(["these are no files of Quick96:", *problems]))
        step = dfl.step_of(data)
        state = {} if arrays is None else {"learning_rate_factor": torch.ones((), dtype=torch.float64)}
        state |= {} if arrays is None else dfl.to_slots(arrays)
        weights = dfl.to_weights({part: parts[part] for part in wanted})
        return ForeignModel(_settings_of(data), weights, state, step, dfl.losses_of(data, step), remarks)

    def write(
        self, settings: StageConfig, model: ForeignModel
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.generic]]], dict[str, Any]]:
        """Return a model of ours as files of theirs.

        Raises:
            StageError: It has other widths than DeepFaceLab's.
        """
        assert isinstance(settings, Quick96Config)
        usual = Quick96Config()
        others = [name for name in _FIXED if getattr(settings, name) != getattr(usual, name)]
        if others:
            found = (f"{name} is {getattr(settings, name)} and not {getattr(usual, name)}" for name in others)
            raise StageError(f"DeepFaceLab's Quick96 has one size alone, and this model another: {', '.join(found)}")
        parts: dict[str, dict[str, npt.NDArray[Any]]] = {**dfl.to_parts(model.weights)}
        squares = {name: value for name, value in model.optimizer_state.items() if name.startswith("squares.")}
        if squares:
            parts[_OPTIMIZER] = dfl.to_slot_arrays(squares, model.step)
        batch_size = settings.batch_size if isinstance(settings.batch_size, int) else usual.batch_size
        options = {"batch_size": batch_size}
        return parts, {"iter": model.step, "options": options, "loss_history": list(map(list, model.losses))}

    def player(self, settings: StageConfig, weights: Mapping[str, Tensor]) -> DfmPlayer:
        """Return the network of a DFM file; DeepFaceLab writes none of Quick96, but its form fits."""
        assert isinstance(settings, Quick96Config)
        network = _outline(settings)
        network.load_state_dict(weights, assign=True)
        return DfmPlayer(AutoencoderPlayer(network), CropSpec(FaceType.FULL, _SIZE))


def _outline(config: Quick96Config) -> Autoencoder:
    """Return the networks without weights, which costs nothing."""
    widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
    with torch.device("meta"):
        return Autoencoder(_SIZE, widths)


def _settings_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one setting that theirs may state.

    Raises:
        StageError: It is out of range.
    """
    batch_size = dfl.batch_size_of(data.get("options") or {})
    return {} if batch_size is None else {"batch_size": batch_size}
