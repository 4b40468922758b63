"""Which option of DeepFaceLab's SAEHD is which setting?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from understudy_sdk import StageError

from . import SAEHDConfig

__all__ = ["OptionsError", "options_of", "settings_of"]

_PLAIN: Final = {
    "resolution": "resolution",
    "archi": "archi",
    "ae_dims": "code_width",
    "e_dims": "encoder_width",
    "d_dims": "decoder_width",
    "d_mask_dims": "mask_width",
    "masked_training": "masked_training",
    "eyes_mouth_prio": "eyes_mouth_priority",
    "uniform_yaw": "uniform_yaw",
    "blur_out_mask": "blur_out_mask",
    "lr_dropout": "lr_dropout",
    "random_warp": "random_warp",
    "random_hsv_power": "random_hsv_power",
    "true_face_power": "true_face_power",
    "face_style_power": "face_style_power",
    "bg_style_power": "background_style_power",
    "ct_mode": "color_transfer",
    "clipgrad": "clip_gradients",
    "pretrain": "pretrain",
    "gan_power": "gan_power",
    "gan_patch_size": "gan_patch_size",
    "gan_dims": "gan_width",
    "random_src_flip": "random_source_flip",
    "random_dst_flip": "random_target_flip",
    "batch_size": "batch_size",
    "face_type": "face_type",
    "adabelief": "optimizer",
    "models_opt_on_gpu": "optimizer_on",
}
"""Their options by name, and what each is called here."""

_NEEDED: Final = ("resolution", "face_type", "archi", "ae_dims", "e_dims", "d_dims", "d_mask_dims")
_FACE_TYPES: Final = {"h": "half", "mf": "mid_full", "f": "full", "wf": "whole_face", "head": "head"}
_OLD_ARCHIS: Final = {"dfuhd": "df-u", "liaeuhd": "liae-u"}
_OTHERS: Final = {
    "autobackup_hour": 0,
    "write_preview_history": False,
    "target_iter": 0,
}
"""Options of theirs that decide nothing of what is learnt, and what is written for them."""

_DROPPED: Final = frozenset({"eyes_prio", "use_fp16"})
_USUAL_BATCH: Final = 8


class OptionsError(StageError):
    """No model can be made of some options.

    Attributes:
        problems: What is wrong with them, a line each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        """List every problem under one heading."""
        self.problems = tuple(problems)
        super().__init__("\n  ".join(["no model can be made of these options:", *problems]))


def settings_of(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a model's options stand for, and remarks on what has none.

    Raises:
        OptionsError: Options that a model needs are missing, or out of range; all are named as they are called there.
    """
    found = {name: _plain(value) for name, value in options.items()}
    problems = [f"the option {name} is missing in data.dat" for name in _NEEDED if name not in found]
    if problems:
        raise OptionsError(problems)
    settings = {ours: _read(theirs, found[theirs]) for theirs, ours in _PLAIN.items() if theirs in found}
    unknown = sorted(found.keys() - _PLAIN.keys() - _OTHERS.keys() - _DROPPED)
    remarks = [f"the option {name} ({found[name]!r}) is none of SAEHD's here, and was left" for name in unknown]
    if str(settings["archi"]).startswith("liae") and settings.get("true_face_power"):
        del settings["true_face_power"]
        remarks.append("true_face_power does nothing with liae, and was left")
    try:
        config = SAEHDConfig.model_validate(settings)
    except ValidationError as error:
        raise OptionsError(list(dict.fromkeys(map(_told, error.errors())))) from error
    return config.model_dump(mode="json", include=set(settings)), remarks


def options_of(config: SAEHDConfig) -> dict[str, Any]:
    """Return a model's options, of plain values.

    Raises:
        StageError: DeepFaceLab has no such face type.
    """
    if config.face_type not in _FACE_TYPES.values():
        raise StageError(
            f"DeepFaceLab has no face type {config.face_type!r}, which this model is of\n"
            f"  it has: {', '.join(_FACE_TYPES.values())}"
        )
    written = {theirs: _written(theirs, getattr(config, ours)) for theirs, ours in _PLAIN.items()}
    written["gan_patch_size"] = config.gan_patch_size or config.resolution // 8
    return {**_OTHERS, **written}


def _plain(value: Any) -> Any:
    """Return NumPy's scalars, which their options are full of, as Python's."""
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value


def _read(option: str, value: Any) -> Any:
    match option:
        case "face_type":
            return _FACE_TYPES.get(str(value), value)
        case "archi":
            return _OLD_ARCHIS.get(str(value), value)
        case "adabelief":
            return "adabelief" if value else "rmsprop"
        case "models_opt_on_gpu":
            return "device" if value else "cpu"
        case "lr_dropout" if isinstance(value, bool):  # as older versions had it
            return "y" if value else "n"
    return value


def _written(option: str, value: Any) -> Any:
    match option:
        case "face_type":
            return next(theirs for theirs, ours in _FACE_TYPES.items() if ours == value)
        case "adabelief":
            return value == "adabelief"
        case "models_opt_on_gpu":
            return value == "device"
        case "batch_size":
            return value if isinstance(value, int) else _USUAL_BATCH
    return value


def _told(error: Any) -> str:
    """Say what is wrong with an option, by its name there."""
    theirs = {ours: option for option, ours in _PLAIN.items()}
    where = ".".join(theirs.get(str(part), str(part)) for part in error["loc"][:1])
    what = str(error["msg"]).removeprefix("Value error, ")
    return f"the option {where} is {error['input']!r}: {what}" if where else f"the options do not fit: {what}"
