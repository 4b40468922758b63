"""What do swaps look like once an enhancer has given them more detail, and is that what it promised?

The model's answers are enhanced before they are masked and steadied: a masker sees the face as it will be, and what the
enhancer makes flicker is steadied along with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from understudy.answers import check_swaps
from understudy.extraction import warp_crop
from understudy.faceset import FaceRow
from understudy.plugins import blaming
from understudy_sdk import Frame, Swap

from .faces import ReadySwap

__all__ = ["enhanced_swaps"]


def enhanced_swaps(ready: ReadySwap, swaps: Sequence[Swap], faces: Sequence[tuple[Frame, FaceRow]]) -> list[Swap]:
    """Return a model's answers with more detail; as they are where the project names no enhancer.

    Args:
        ready: The swap at work.
        swaps: The model's answers.
        faces: The frame and the face that each is for.

    Raises:
        PluginFailedError: The enhancer raises, or gives something other than it promised.
    """
    if ready.enhancer is None or ready.swap.enhancer is None or not swaps:
        return list(swaps)
    size, face_type, offer = ready.enhancer.size, ready.model.crop_spec.face_type, ready.swap.enhancer.offer
    crops = [warp_crop(frame, row.face, face_type, size) for frame, row in faces]
    with blaming(offer, f"giving detail to faces of frames {faces[0][1].frame} to {faces[-1][1].frame}"):
        return check_swaps(ready.enhancer.enhance(swaps, crops), crops, "enhance()", size)
