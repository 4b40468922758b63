"""Which settings do the mergers share that clone a face into the frame's light?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .blend_config import BlendConfig

__all__ = ["CloneConfig"]


class CloneConfig(BlendConfig):
    """A blend whose face takes the frame's light from the mask's edge."""

    color_order: Annotated[
        Literal["before_clone", "after_clone"],
        Field(
            description="When the face is made to fit the footage's colours. before_clone: the clone then sets the "
            "level, and the edge stays seamless. after_clone: as DeepFaceLab, on the face cut out of the cloned frame, "
            "which moves the edge's colours away from the frame's again and costs sharpness."
        ),
    ] = "before_clone"
