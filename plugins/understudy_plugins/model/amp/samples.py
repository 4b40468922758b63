"""Which channels does each of the source's faces take from its own inter?"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from understudy_sdk.types import FaceBatch

__all__ = ["draw_channels"]

_CHANNEL_SEED: Final = 0xC4A2  # keeps the channels' chance apart from the warp's


def draw_channels(batch: FaceBatch, channels: int, count: int) -> Tensor:
    """Draw exactly ``count`` of ``channels`` for each face of a draw: bool (B, channels, 1, 1), on its device.

    All chance comes from the draw's seed, and is drawn on the CPU for the whole draw: a part of one takes the channels
    that it takes in the whole, on every device.
    """
    drawn = np.random.default_rng([batch.seed, _CHANNEL_SEED]).random((batch.whole or len(batch.rgb), channels))
    places = drawn[batch.first : batch.first + len(batch.rgb)].argsort(axis=1).argsort(axis=1)
    return torch.from_numpy(places < count)[:, :, None, None].to(batch.rgb.device)
