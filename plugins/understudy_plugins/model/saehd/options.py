"""Which option of DeepFaceLab's SAEHD is which setting?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from understudy_sdk.autoencoder.options import OptionTable

from . import SAEHDConfig

__all__ = ["options_of", "settings_of"]

_NAMES: Final = {
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

_OLD_ARCHIS: Final = {"dfuhd": "df-u", "liaeuhd": "liae-u"}

_TABLE: Final = OptionTable(
    model="SAEHD",
    settings=SAEHDConfig,
    names=_NAMES,
    needed=("resolution", "face_type", "archi", "ae_dims", "e_dims", "d_dims", "d_mask_dims"),
    face_types={"h": "half", "mf": "mid_full", "f": "full", "wf": "whole_face", "head": "head"},
    dropped=frozenset({"eyes_prio", "use_fp16"}),
    readers={
        "archi": lambda value: _OLD_ARCHIS.get(str(value), value),
        "adabelief": lambda value: "adabelief" if value else "rmsprop",
    },
    writers={"adabelief": lambda value: value == "adabelief"},
)


def settings_of(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a model's options stand for, and remarks on what has none.

    Raises:
        OptionsError: Options that a model needs are missing, or out of range; all are named as they are called there.
    """
    if str(options.get("archi")).startswith("liae") and options.get("true_face_power"):
        settings, remarks = _TABLE.read({**options, "true_face_power": 0.0})
        return settings, [*remarks, "The option true_face_power does nothing with liae, and was left."]
    return _TABLE.read(options)


def options_of(config: SAEHDConfig) -> dict[str, Any]:
    """Return a model's options, of plain values.

    Raises:
        StageError: DeepFaceLab has no such face type.
    """
    return {**_TABLE.write(config), "gan_patch_size": config.gan_patch_size or config.resolution // 8}
