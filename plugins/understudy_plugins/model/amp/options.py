"""Which option of DeepFaceLab's AMP is which setting?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from understudy_sdk.autoencoder.options import OptionTable

from . import AMPConfig

__all__ = ["options_of", "settings_of"]

_NAMES: Final = {
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

_TABLE: Final = OptionTable(
    model="AMP",
    settings=AMPConfig,
    names=_NAMES,
    needed=tuple(_NAMES)[:8],  # what the networks are built from
    face_types={"f": "full", "wf": "whole_face", "head": "head"},
)


def settings_of(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a model's options stand for, and remarks on what has none.

    Raises:
        OptionsError: Options that a model needs are missing, or out of range; all are named as they are called there.
    """
    return _TABLE.read(options)


def options_of(config: AMPConfig) -> dict[str, Any]:
    """Return a model's options, of plain values."""
    return {**_TABLE.write(config), "gan_patch_size": config.gan_patch_size or config.resolution // 8}
