"""How is a model of DeepFaceLab's AMP taken over, and handed back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy_sdk import CropSpec, DfmPlayer, FaceType, ForeignModel, StageConfig, StageError
from understudy_sdk.autoencoder import deepfacelab as dfl
from understudy_sdk.autoencoder.architecture import Widths
from understudy_sdk.autoencoder.discriminators import PatchDiscriminator

from . import AMPConfig
from .network import Morpher, MorphPlayer
from .options import options_of, settings_of

__all__ = ["AMPExchange"]

Parts = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
Shapes = Mapping[str, tuple[int, ...]]

_INTERS: Final = ("inter_src", "inter_dst")
_OPTIMIZER: Final = "src_dst_opt"
_JUDGE, _JUDGES_OPTIMIZER = "GAN", "GAN_opt"
_SLOTS: Final = ("means.", "deviations.")


class AMPExchange:
    """Takes models over from DeepFaceLab's AMP, and hands them back: a ModelExchange."""

    @property
    def class_name(self) -> str:
        """What stands in the names of its files."""
        return "AMP"

    def read(self, parts: Parts, data: Mapping[str, Any]) -> ForeignModel:
        """Return a model of theirs; options this plugin has no word for are remarked on.

        A file of optimizer's means that has some for the inters comes from a version that trained them; so will this
        plugin.

        Raises:
            StageError: Options are missing or out of range, or files do not fit them; all that is wrong is named.
        """
        settings, remarks = settings_of(data.get("options") or {})
        if any(f"_{inter}/" in name for inter in _INTERS for name in parts.get(_OPTIMIZER, {})):
            settings["learn_inters"] = True
            remarks.append("Its inters learnt, as in versions until August 2021, and go on learning: learn_inters.")
        config = AMPConfig.model_validate(settings)
        wanted = dfl.array_shapes(dict(_outline(config).named_parameters()))
        state = _read_state(config, parts, wanted)
        problems = [*dfl.faults(parts, wanted), *state.problems]
        if problems:
            raise StageError("\n  ".join(["the files do not fit the options:", *problems]))
        step = dfl.step_of(data)
        weights = dfl.to_weights({part: parts[part] for part in wanted})
        return ForeignModel(
            settings, weights, state.tensors, step, dfl.losses_of(data, step), [*remarks, *state.remarks]
        )

    def write(
        self, settings: StageConfig, model: ForeignModel
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.generic]]], dict[str, Any]]:
        """Return a model of ours as files of theirs; how far it swaps (``morph``) is asked for by their merger."""
        assert isinstance(settings, AMPConfig)
        data = {"iter": model.step, "options": options_of(settings), "loss_history": list(map(list, model.losses))}
        return {**dfl.to_parts(model.weights), **_written_optimizers(model)}, data

    def player(self, settings: StageConfig, weights: Mapping[str, Tensor]) -> DfmPlayer:
        """Return the network of a DFM file, which has weights of its own."""
        assert isinstance(settings, AMPConfig)
        network = _outline(settings)
        network.load_state_dict({name: weight.detach().cpu().clone() for name, weight in weights.items()}, assign=True)
        return DfmPlayer(MorphPlayer(network), CropSpec(FaceType(settings.face_type), settings.resolution), True)


def _outline(config: AMPConfig) -> Morpher:
    """Return the networks without weights, which costs nothing."""
    widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
    with torch.device("meta"):
        return Morpher(config.resolution, widths, config.inter_width)


def _judge_shapes(config: AMPConfig) -> Mapping[str, Shapes]:
    """Return the shapes of the discriminator's arrays."""
    with torch.device("meta"):
        judge = PatchDiscriminator(config.gan_patch_size or config.resolution // 8, config.gan_width)
    return dfl.array_shapes({f"{_JUDGE}.{name}": weight for name, weight in judge.named_parameters()})


@dataclass(slots=True)
class _State:
    """What the next step depends on beside weights, as far as it was found.

    Attributes:
        tensors: By our names.
        problems: What is wrong with files, a line each.
        remarks: What is not there, a sentence each.
    """

    tensors: dict[str, Tensor]
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def _read_state(config: AMPConfig, parts: Parts, wanted: Mapping[str, Shapes]) -> _State:
    found = _State({"learning_rate_factor": torch.ones((), dtype=torch.float64)})
    moving = {part: shapes for part, shapes in wanted.items() if config.learn_inters or part not in _INTERS}
    found.tensors |= _read_slots(found, _OPTIMIZER, parts.get(_OPTIMIZER), moving)
    if config.gan_power:
        found.tensors |= _read_judge(found, parts, _judge_shapes(config))
    return found


def _read_judge(found: _State, parts: Parts, shapes: Mapping[str, Shapes]) -> dict[str, Tensor]:
    """Return the discriminator with its means, whole or not at all."""
    if _JUDGE not in parts:
        found.remarks.append(f"{_JUDGE}.npy is not there, so this network begins anew.")
        return {}
    found.problems += dfl.faults(parts, shapes)
    arrays = parts.get(_JUDGES_OPTIMIZER)
    slots = _read_slots(found, _JUDGES_OPTIMIZER, arrays and dfl.of_network(arrays, _JUDGE), shapes)
    if found.problems or not slots:
        return {}
    weights = {f"weights.{name}": one for name, one in dfl.to_weights({_JUDGE: parts[_JUDGE]}).items()}
    return {f"gan.{name.replace(f'{_JUDGE}.', '', 1)}": value for name, value in {**weights, **slots}.items()}


def _read_slots(
    found: _State, part: str, arrays: Mapping[str, npt.NDArray[Any]] | None, wanted: Mapping[str, Shapes]
) -> dict[str, Tensor]:
    """Return an optimizer's means; where they are missing or another optimizer's, say so and return none."""
    if arrays is None or dfl.optimizer_kind(arrays) != "adabelief":
        found.remarks.append(f"{part}.npy is not there or not AdaBelief's, so the means of this optimizer begin anew.")
        return {}
    faults = dfl.slot_faults(part, arrays, wanted)
    found.problems += faults
    return {} if faults else dfl.to_slots(arrays)


def _written_optimizers(model: ForeignModel) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Return the files of the optimizer, and of the discriminator and its optimizer."""
    state, parts = model.optimizer_state, dict[str, dict[str, npt.NDArray[Any]]]()
    main = {name: value for name, value in state.items() if name.startswith(_SLOTS)}
    if main:
        parts[_OPTIMIZER] = dfl.to_slot_arrays(main, model.step)
    judge = {name.removeprefix("gan."): value for name, value in state.items() if name.startswith("gan.")}
    if judge:
        weights = {name.replace("weights.", f"{_JUDGE}.", 1): value for name, value in judge.items()
                   if name.startswith("weights.")}  # fmt: skip
        slots = {name.replace(".", f".{_JUDGE}.", 1): value for name, value in judge.items() if name.startswith(_SLOTS)}
        parts |= dfl.to_parts(weights)
        parts[_JUDGES_OPTIMIZER] = dfl.to_slot_arrays(slots, model.step)
    return parts
