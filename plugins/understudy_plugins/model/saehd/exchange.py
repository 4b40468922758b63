"""How is a model of DeepFaceLab's SAEHD taken over, and handed back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from understudy_sdk import CropSpec, DfmPlayer, FaceType, ForeignModel, StageConfig, StageError
from understudy_sdk.autoencoder import deepfacelab as dfl
from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder
from understudy_sdk.autoencoder.discriminators import CodeDiscriminator, PatchDiscriminator
from understudy_sdk.autoencoder.options import OptionsError
from understudy_sdk.autoencoder.player import AutoencoderPlayer

from . import SAEHDConfig
from .options import options_of, settings_of

__all__ = ["SAEHDExchange"]

Parts = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
Shapes = Mapping[str, tuple[int, ...]]

_NETWORKS: Final = {
    "df": ("encoder", "inter", "decoder_src", "decoder_dst"),
    "liae": ("encoder", "inter_AB", "inter_B", "decoder"),
}
_OPTIMIZER: Final = "src_dst_opt"
_SLOTS: Final = frozenset({"means", "deviations", "squares"})
_ADVERSARIES: Final = {"gan": ("GAN", "GAN_opt"), "code": ("code_discriminator", "D_code_opt")}
"""Their files of each adversary: its weights, and its optimizer."""


class SAEHDExchange:
    """Takes models over from DeepFaceLab's SAEHD, and hands them back: a ModelExchange."""

    @property
    def class_name(self) -> str:
        """What stands in the names of its files."""
        return "SAEHD"

    def read(self, parts: Parts, data: Mapping[str, Any]) -> ForeignModel:
        """Return a model of theirs; options this plugin has no word for are remarked on.

        Raises:
            StageError: Options are missing or out of range, or files do not fit them; all that is wrong is named.
        """
        options = data.get("options") or {}
        try:
            settings, remarks = settings_of(options)
        except OptionsError as error:
            raise OptionsError([*error.problems, *_missing(parts, options)]) from error
        config = SAEHDConfig.model_validate(settings)
        wanted = dfl.array_shapes(dict(_outline(config).named_parameters()))
        problems = dfl.faults(parts, wanted)
        state = _read_state(config, parts, wanted)
        if problems := [*problems, *state.problems]:
            raise StageError("\n  ".join(["the files do not fit the options:", *problems]))
        step = dfl.step_of(data)
        weights = dfl.to_weights({part: parts[part] for part in wanted})
        remarks += state.remarks
        return ForeignModel(settings, weights, state.tensors, step, dfl.losses_of(data, step), remarks)

    def write(
        self, settings: StageConfig, model: ForeignModel
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.generic]]], dict[str, Any]]:
        """Return a model of ours as files of theirs.

        Raises:
            StageError: DeepFaceLab has no such face type.
        """
        assert isinstance(settings, SAEHDConfig)
        data = {"iter": model.step, "options": options_of(settings), "loss_history": list(map(list, model.losses))}
        return {**dfl.to_parts(model.weights), **_written_optimizers(model)}, data

    def player(self, settings: StageConfig, weights: Mapping[str, Tensor]) -> DfmPlayer:
        """Return the network of a DFM file."""
        assert isinstance(settings, SAEHDConfig)
        network = _outline(settings)
        network.load_state_dict(weights, assign=True)
        crop_spec = CropSpec(FaceType(settings.face_type), settings.resolution)
        return DfmPlayer(AutoencoderPlayer(network), crop_spec)


def _missing(parts: Parts, options: Mapping[str, Any]) -> list[str]:
    """Return which files are missing, as far as options that are wrong let it be told."""
    wanted = _NETWORKS.get(str(options.get("archi")).partition("-")[0], _NETWORKS["liae"][:1])
    return [f"{part}.npy is missing" for part in wanted if part not in parts]


def _outline(config: SAEHDConfig) -> Autoencoder:
    """Return the networks without weights, which costs nothing."""
    widths = Widths(config.code_width, config.encoder_width, config.decoder_width, config.mask_width)
    with torch.device("meta"):
        return Autoencoder(config.resolution, widths, Architecture.parse(config.archi))


def _adversary_shapes(config: SAEHDConfig) -> dict[str, Shapes]:
    """Return the shapes of the arrays of each adversary that the settings want, by our name for it."""
    found: dict[str, nn.Module] = {}
    with torch.device("meta"):
        if config.true_face_power and not config.pretrain:
            side = config.resolution // Architecture.parse(config.archi).code_scale
            found["code"] = CodeDiscriminator(config.code_width, side)
        if config.gan_power and not config.pretrain:
            found["gan"] = PatchDiscriminator(config.gan_patch_size or config.resolution // 8, config.gan_width)
    shapes: dict[str, Shapes] = {}
    for group, network in found.items():
        shapes |= {group: dfl.array_shapes({f"{group}.{name}": one for name, one in network.named_parameters()})[group]}
    return shapes


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


def _read_state(config: SAEHDConfig, parts: Parts, wanted: Mapping[str, Shapes]) -> _State:
    factor, is_pretraining = (torch.tensor(float(value), dtype=torch.float64) for value in (1.0, config.pretrain))
    found = _State({"learning_rate_factor": factor, "is_pretraining": is_pretraining})
    slots = _read_slots(found, parts, _OPTIMIZER, wanted, config.optimizer)
    found.tensors |= slots
    for group, shapes in _adversary_shapes(config).items():
        network, optimizer = _ADVERSARIES[group]
        if network not in parts:
            found.remarks.append(f"{network}.npy is not there, so this network begins anew.")
            continue
        found.problems += dfl.faults(parts, {network: shapes})
        slots = _read_slots(found, parts, optimizer, {network: shapes}, config.optimizer)
        if found.problems or not slots:  # an adversary is taken whole or not at all
            continue
        weights = dfl.to_weights({network: parts[network]})
        found.tensors |= {f"{group}.weights.{_inner(name)}": value for name, value in weights.items()}
        for name, value in slots.items():
            slot, _, path = name.partition(".")
            found.tensors[f"{group}.{slot}.{_inner(path)}"] = value
    return found


def _read_slots(
    found: _State, parts: Parts, part: str, wanted: Mapping[str, Shapes], optimizer: str
) -> dict[str, Tensor]:
    """Return an optimizer's means; where they are missing or another optimizer's, say so and return none."""
    if part not in parts:
        found.remarks.append(f"{part}.npy is not there, so the means of this optimizer begin anew.")
        return {}
    arrays = parts[part] if len(wanted) > 1 else dfl.of_network(parts[part], next(iter(wanted)))
    kind = dfl.optimizer_kind(arrays)
    if kind != optimizer:
        found.remarks.append(f"{part}.npy is not one of {optimizer}, so the means of this optimizer begin anew.")
        return {}
    faults = dfl.slot_faults(part, arrays, wanted)
    found.problems += faults
    return {} if faults else dfl.to_slots(arrays)


def _written_optimizers(model: ForeignModel) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Return the files of the optimizer, and of the adversaries and theirs."""
    state = model.optimizer_state
    parts = {}
    main = {name: value for name, value in state.items() if name.partition(".")[0] in _SLOTS}
    if main:
        parts[_OPTIMIZER] = dfl.to_slot_arrays(main, model.step)
    for group, (network, optimizer) in _ADVERSARIES.items():
        own = {name.removeprefix(f"{group}."): value for name, value in state.items() if name.startswith(f"{group}.")}
        if own:
            named = {f"{slot}.{network}.{path}": value for name, value in own.items()
                     for slot, _, path in (name.partition("."),)}  # fmt: skip
            weights = {name.removeprefix("weights."): named.pop(name) for name in [*named] if name[:8] == "weights."}
            parts |= dfl.to_parts(weights)
            parts[optimizer] = dfl.to_slot_arrays(named, model.step)
    return parts


def _inner(name: str) -> str:
    """Return a weight's name within its network."""
    return name.partition(".")[2]
