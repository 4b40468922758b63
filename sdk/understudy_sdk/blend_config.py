"""Which settings do all mergers share?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .stages import StageConfig

__all__ = ["BlendConfig"]


class BlendConfig(StageConfig):
    """How far the swapped face reaches, how softly it ends and whose colours it wears.

    Lengths are counted in pixels of a crop of side 256, so a setting looks the same on a close-up and in the distance.
    """

    mask: Annotated[
        Literal["auto", "target", "learned", "learned_source", "learned_target", "full"],
        Field(
            description="Which mask says where the face is. target: the masker's, of the person in the footage. "
            "learned_source, learned_target: the model's, of the face it draws and of the face it sees; learned: "
            "where both agree. full: the whole crop. auto: the masker's, within the model's where it has any."
        ),
    ] = "auto"
    mask_erode_px: Annotated[
        float,
        Field(
            ge=-128,
            le=128,
            description="How far the mask's edge moves inwards, in px of a crop of side 256; below 0 it grows.",
        ),
    ] = 0.0
    mask_blur_px: Annotated[
        float,
        Field(
            ge=0,
            le=128,
            description="Width of the soft edge, inwards from the mask's edge, in px of a crop of side 256.",
        ),
    ] = 16.0
    color_transfer: Annotated[
        Literal["rct", "none"],
        Field(
            description="rct: the face takes on the mean and contrast of the face it covers (Reinhard); "
            "none: it keeps its own colours."
        ),
    ] = "rct"
