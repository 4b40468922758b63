"""Which option of DeepFaceLab's AMP is which setting?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from understudy_sdk import StageError

from . import AMPConfig

__all__ = ["options_of", "settings_of"]

_PLAIN: Final = {
    "resolution": "resolution",
    "face_type": "face_type",
    "ae_dims": "code_width",
    "inter_dims": "inter_width",
    "e_dims": "encoder_width",
    "d_dims": "decoder_width",
    "d_mask_dims": "mask_width",
    "morph_factor": "morph_factor",
    "uniform_yaw": "uniform_yaw",
    "blur_out_mask": "blur_out_mask",
    "models_opt_on_gpu": "optimizer_on",
    "lr_dropout": "lr_dropout",
    "random_warp": "random_warp",
    "ct_mode": "color_transfer",
    "clipgrad": "clip_gradients",
    "gan_power": "gan_power",
    "gan_patch_size": "gan_patch_size",
    "gan_dims": "gan_width",
    "random_src_flip": "random_source_flip",
    "random_dst_flip": "random_target_flip",
    "batch_size": "batch_size",
}
"""Their options by name, and what each is called here."""

_NEEDED: Final = tuple(list(_PLAIN)[:8])  # what the networks are built from
_FACE_TYPES: Final = {"f": "full", "wf": "whole_face", "head": "head"}
_OTHERS: Final = {"autobackup_hour": 0, "write_preview_history": False, "target_iter": 0}
"""Options of theirs that decide nothing of what is learnt, and what is written for them."""

_USUAL_BATCH: Final = 8


def settings_of(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a model's options stand for, and remarks on what has none.

    Raises:
        StageError: Options that a model needs are missing, or out of range; all are named as they are called there.
    """
    found = {name: _plain(value) for name, value in options.items()}
    missing = [f"the option {name} is missing in data.dat" for name in _NEEDED if name not in found]
    if missing:
        raise _refused(missing)
    settings = {ours: _read(theirs, found[theirs]) for theirs, ours in _PLAIN.items() if theirs in found}
    unknown = sorted(found.keys() - _PLAIN.keys() - _OTHERS.keys())
    remarks = [f"The option {name} ({found[name]!r}) is none of AMP's here, and was left." for name in unknown]
    try:
        config = AMPConfig.model_validate(settings)
    except ValidationError as error:
        raise _refused([_told(one) for one in error.errors()]) from error
    return config.model_dump(mode="json", include=set(settings)), remarks


def options_of(config: AMPConfig) -> dict[str, Any]:
    """Return a model's options, of plain values."""
    written = {theirs: _written(theirs, getattr(config, ours)) for theirs, ours in _PLAIN.items()}
    written["gan_patch_size"] = config.gan_patch_size or config.resolution // 8
    return {**_OTHERS, **written}


def _plain(value: Any) -> Any:
    """Return NumPy's scalars, which their options are full of, as Python's."""
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.size == 1 else value


def _read(option: str, value: Any) -> Any:
    match option:
        case "face_type":
            return _FACE_TYPES.get(value, value)
        case "models_opt_on_gpu":
            return "device" if value else "cpu"
        case "lr_dropout" if isinstance(value, bool):  # as older versions had it
            return "y" if value else "n"
        case "ct_mode" if value is None:
            return "none"
    return value


def _written(option: str, value: Any) -> Any:
    match option:
        case "face_type":
            return next(theirs for theirs, ours in _FACE_TYPES.items() if ours == value)
        case "models_opt_on_gpu":
            return value == "device"
        case "batch_size":
            return value if isinstance(value, int) else _USUAL_BATCH
    return value


def _told(error: Any) -> str:
    """Say what is wrong with an option, by its name there."""
    theirs = {ours: option for option, ours in _PLAIN.items()}
    where = str(error["loc"][0])
    what = str(error["msg"]).removeprefix("Value error, ")
    return f"the option {theirs.get(where, where)} is {error['input']!r}: {what}"


def _refused(problems: list[str]) -> StageError:
    unique = dict.fromkeys(problems)
    return StageError("\n".join(["no model can be made of these options", *(f"  {problem}" for problem in unique)]))
