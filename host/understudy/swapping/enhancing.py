"""What do swaps look like once an enhancer has given them more detail, and is that what it promised?

The model's answers are enhanced before they are masked and steadied: a masker sees the face as it will be, and what the
enhancer makes flicker is steadied along with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from understudy.extraction import warp_crop
from understudy.faceset import FaceRow
from understudy.plugins import Offer, blaming
from understudy_sdk import Frame, StageError, Swap

from .faces import ReadySwap

__all__ = ["enhanced_swaps"]


def enhanced_swaps(ready: ReadySwap, swaps: Sequence[Swap], faces: Sequence[tuple[Frame, FaceRow]]) -> list[Swap]:
    """Return a model's answers with more detail; as they are where the project names no enhancer.

    Args:
        ready: The swap at work.
        swaps: The model's answers.
        faces: The frame and the face that each is for.

    Raises:
        StageError: The enhancer gives something other than it promised.
    """
    if ready.enhancer is None or ready.swap.enhancer is None or not swaps:
        return list(swaps)
    size, face_type, offer = ready.enhancer.size, ready.model.crop_spec.face_type, ready.swap.enhancer.offer
    crops = [warp_crop(frame, row.face, face_type, size) for frame, row in faces]
    with blaming(offer, f"giving detail to faces of frames {faces[0][1].frame} to {faces[-1][1].frame}"):
        enhanced = ready.enhancer.enhance(swaps, crops)
    _check(offer, enhanced, size, len(swaps))
    return enhanced


def _check(offer: Offer, enhanced: Sequence[Swap], size: int, wanted: int) -> None:
    fault = "" if len(enhanced) == wanted else f"answers {len(enhanced)} faces of {wanted}"
    for swap in enhanced:
        if swap.rgb.shape[:2] != (size, size):
            fault = f"answers a face of {swap.rgb.shape[1]} x {swap.rgb.shape[0]} px in place of {size} x {size}"
        elif not np.isfinite(swap.rgb).all():
            fault = "answers a face with numbers that are not finite"
    if fault:
        name, distribution = offer.spec.name, offer.origin.distribution
        raise StageError(f"the enhancer {name!r} of {distribution} {fault}\n  name another enhancer, or none")
