"""How much does a swap change from one frame to the next beyond what moves in the footage?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from understudy_sdk.types import F32

__all__ = ["Flicker", "aligned_flicker", "flicker"]

_FLOW_PX: Final = 128
"""Side at least at which motion is looked for; smaller pictures are enlarged for it."""


@dataclass(frozen=True, slots=True)
class Flicker:
    """Mean changes between two frames that motion does not explain, in levels of 255.

    Attributes:
        swap: Of the swapped face.
        target: Of the footage itself: its grain, its light, and where motion was misjudged.
    """

    swap: float
    target: float

    @property
    def excess(self) -> float:
        """What the swap adds; below 0 it is calmer than the footage, as smooth pictures are."""
        return self.swap - self.target


def flicker(swaps: tuple[F32, F32], targets: tuple[F32, F32], mask: F32) -> Flicker:
    """Return how much a swap and its target flicker between two frames that follow each other.

    The motion is that of the target's pictures, by T. Kroeger et al., "Fast optical flow using dense inverse search",
    ECCV 2016. The earlier swap and the earlier target are moved along with it and compared with the later ones.

    Args:
        swaps: The earlier and the later swap, float32 (S, S, 3), 0 to 1.
        targets: The faces that they are made from.
        mask: float32 (S, S), 0 to 1, how much each pixel of the later frame counts.
    """
    back = _flow(targets[1], targets[0])
    return Flicker(
        swap=_difference(_moved(swaps[0], back), swaps[1], mask),
        target=_difference(_moved(targets[0], back), targets[1], mask),
    )


def aligned_flicker(swaps: tuple[F32, F32], targets: tuple[F32, F32], mask: F32) -> Flicker:
    """Return the same for faces that were brought to one place, so that little motion is left and none is looked for.

    What moves within the face counts for both, and mostly cancels in ``excess``; it costs a fraction of ``flicker``.

    Args:
        swaps: The earlier and the later swap, float32 (S, S, 3), 0 to 1.
        targets: The faces that they are made from.
        mask: float32 (S, S), 0 to 1, how much each pixel of the later frame counts.
    """
    return Flicker(_difference(*swaps, mask), _difference(*targets, mask))


def _flow(one: F32, other: F32) -> F32:
    """Return where each pixel of one picture comes from in the other: float32 (S, S, 2), x y in px to add."""
    size = len(one)
    side = max(size, _FLOW_PX)
    levels = [np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8) for rgb in (one, other)]
    grays = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in levels]
    if side != size:
        grays = [cv2.resize(gray, (side, side), interpolation=cv2.INTER_CUBIC) for gray in grays]
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = np.asarray(engine.calc(grays[0], grays[1], None), np.float32)  # type: ignore[call-overload] # makes its own
    if side != size:
        found = np.asarray(cv2.resize(found, (size, size), interpolation=cv2.INTER_AREA), np.float32) * (size / side)
    return found


def _moved(picture: F32, back: F32) -> F32:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    where = columns + back[..., 0], rows + back[..., 1]
    return np.asarray(cv2.remap(picture, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _difference(one: F32, other: F32, mask: F32) -> float:
    total = float(mask.sum())
    if total <= 0.0:
        return 0.0
    apart = one - other
    np.abs(apart, out=apart)
    by_channel = mask.reshape(-1) @ apart.reshape(-1, 3)
    return 255.0 * float(by_channel.mean()) / total
