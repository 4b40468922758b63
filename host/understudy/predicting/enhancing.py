"""What do swaps look like once an enhancer has given them more detail, and is that what it promised?

The model's answers are enhanced before they are masked and steadied: a masker sees the face as it will be, and what the
enhancer makes flicker is steadied along with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from understudy.answers import check_swaps
from understudy.extraction import warp_crop
from understudy.faceset import FaceRow
from understudy.plugins import Offer, blaming
from understudy_sdk import Enhancer, FaceType, Frame, Swap

__all__ = ["enhanced_swaps"]


def enhanced_swaps(
    enhancer: Enhancer,
    offer: Offer,
    face_type: FaceType,
    swaps: Sequence[Swap],
    faces: Sequence[tuple[Frame, FaceRow]],
) -> list[Swap]:
    """Return a model's answers with more detail.

    Args:
        enhancer: At work.
        offer: Who is to be named if it fails.
        face_type: The crops that the model reads.
        swaps: The model's answers, one at least.
        faces: The frame and the face that each is for.

    Raises:
        PluginFailedError: The enhancer raises, or gives something other than it promised.
    """
    size = enhancer.size
    crops = [warp_crop(frame, row.face, face_type, size) for frame, row in faces]
    with blaming(offer, f"giving detail to faces of frames {faces[0][1].frame} to {faces[-1][1].frame}"):
        return check_swaps(enhancer.enhance(swaps, crops), crops, "enhance()", size)
