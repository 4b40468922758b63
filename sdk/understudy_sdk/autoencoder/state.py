"""How are a model's tensors handed out and taken back, and in which numbers does it learn?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy_sdk.errors import InvalidValueError, StageError
from understudy_sdk.types import Crop, Swap

__all__ = ["choose_bfloat16", "swaps_of", "take", "to_network"]

_TOLD: Final = 4  # names that an error lists


def choose_bfloat16(precision: str, device: torch.device) -> bool:
    """Say whether to learn in bfloat16; ``auto`` does where the device is faster with it than with float32.

    Among CPUs those with tiles (AMX) are; with AVX-512's instructions alone the rounding eats up what they gain. Losses
    stay within 2 % of float32's (the numbers that are added up are float32 in either case).
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())


def take(what: str, mine: Mapping[str, Tensor], given: Mapping[str, Tensor], model: str) -> None:
    """Copy tensors over those of the same name, in place, after checking all of them.

    Args:
        what: What they are, in words: "weights".
        mine: Live tensors.
        given: What they shall hold.
        model: The model's name, for messages.

    Raises:
        StageError: Where a name is missing, unknown or has another shape.
    """
    missing, unknown = sorted(mine.keys() - given.keys()), sorted(given.keys() - mine.keys())
    misshapen = [
        f"{name} is {tuple(given[name].shape)} instead of {tuple(mine[name].shape)}"
        for name in sorted(mine.keys() & given.keys())
        if given[name].shape != mine[name].shape
    ]
    problems = [
        f"{problem}: {_enumerated(found)}"
        for problem, found in (("missing", missing), ("unknown", unknown), ("of another shape", misshapen))
        if found
    ]
    if problems:
        raise StageError(
            f"these {what} do not fit {model} as it is set\n  "
            + "\n  ".join(problems)
            + "\n  use the settings they were trained with, or start a new training"
        )
    with torch.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(given[name])


def _enumerated(found: list[str]) -> str:
    """Return the first few in words, and how many more there are."""
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return ", ".join(found[:_TOLD]) + more


def to_network(crops: Sequence[Crop], size: int, device: torch.device, model: str) -> Tensor:
    """Return crops as float32 (B, 3, S, S), 0 to 1, RGB.

    Raises:
        InvalidValueError: A crop is not ``size`` px.
    """
    for crop in crops:
        if crop.size != size:
            raise InvalidValueError("Crop.rgb", f"{crop.size} px", f"{size} px for {model}")
    stacked = torch.from_numpy(np.stack([crop.rgb for crop in crops]))  # B, S, S, 3
    return stacked.to(device).permute(0, 3, 1, 2).float() / 255.0


def swaps_of(rgb: Tensor, source_mask: Tensor | None = None, target_mask: Tensor | None = None) -> list[Swap]:
    """Return a model's answers for some crops.

    Args:
        rgb: What it drew, (B, 3, S, S), RGB; what lies beyond 0 and 1 is clipped.
        source_mask: The mask drawn with the source's face, (B, 1, S, S).
        target_mask: The same of the target's face.
    """
    pictures = rgb.clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy()  # B, S, S, 3
    rows = zip(pictures, _masks_of(source_mask, len(rgb)), _masks_of(target_mask, len(rgb)), strict=True)
    return [Swap(picture, source_mask=source, target_mask=target) for picture, source, target in rows]


def _masks_of(masks: Tensor | None, count: int) -> Sequence[npt.NDArray[np.float32] | None]:
    """Return float32 (S, S) for each of (B, 1, S, S), or so often that there is none."""
    return [None] * count if masks is None else list(masks.clamp(0, 1)[:, 0].contiguous().cpu().numpy())
