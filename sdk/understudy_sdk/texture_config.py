"""Whose colours, grain and sharpness does a swapped face wear?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .stages import StageConfig

__all__ = ["ColorTransfer", "TextureConfig"]

ColorTransfer = Literal["rct", "lct", "mkl", "mkl_m", "idt", "idt_m", "sot_m", "mix_m", "hist", "none"]


class TextureConfig(StageConfig):
    """How a swapped face is made to look as if the same camera had taken it, in the same light.

    All of it works on the picture alone; where the face shows is another matter. Amounts of 0 leave the face as it is.
    """

    color_transfer: Annotated[
        ColorTransfer,
        Field(
            description="How the face takes on the colours of the face it covers. rct: mean and contrast (Reinhard). "
            "lct, mkl_m: mean and covariance, by symmetric roots or with the least movement. hist: each channel's "
            "histogram. idt_m, sot_m: the whole distribution. mix_m: lightness by lct, colour by sot. All of these "
            "look within the mask; mkl and idt look at the whole crop. none: it keeps its own colours."
        ),
    ] = "rct"
    color_statistics: Annotated[
        Literal["masked", "zeroed"],
        Field(
            description="What counts in a colour transfer. masked: the pixels within the mask, in the measure in which "
            "they show. zeroed: as in DeepFaceLab, where pixels outside the mask count as black, which pulls colours "
            "towards grey, and where lct looks at the whole crop."
        ),
    ] = "masked"
    linear_light: Annotated[
        bool,
        Field(
            description="Transfer colours and blur motion in linear light, where the clip's transfer is one of "
            "standard range (BT.709, BT.601, BT.2020, sRGB, plain gamma); PQ and HLG stay as they are."
        ),
    ] = False
    motion_blur: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="How far the face is blurred along its movement, in percent of the way from the frame before "
            "to the frame after; a shutter of 180 degrees, as usual in film, is 25.",
        ),
    ] = 0.0
    sharpen: Annotated[
        float,
        Field(
            ge=-100,
            le=100,
            description="Sharpens the face, in DeepFaceLab's steps: the weight of what differs from the blurred face "
            "(box), or half that weight (gaussian). Below 0 smooths it by medians, one pass for every 10.",
        ),
    ] = 0.0
    sharpen_kind: Annotated[
        Literal["gaussian", "box"], Field(description="What sharpening takes for the blurred face: 3 x 3 px of either.")
    ] = "gaussian"
    denoise: Annotated[
        float, Field(ge=0, le=500, description="Smooths the face by medians of 5 x 5 px, one pass for every 100.")
    ] = 0.0
    bicubic_degrade: Annotated[
        float, Field(ge=0, le=100, description="Shrinks the face by so many percent and enlarges it again.")
    ] = 0.0
    degrade_what: Annotated[
        Literal["face", "background"],
        Field(
            description="What denoise and bicubic_degrade act on. background: as in DeepFaceLab, on the frame that "
            "shines through the mask's soft edge; beyond the mask the frame stays as it is."
        ),
    ] = "face"
    color_degrade: Annotated[
        float, Field(ge=0, le=100, description="How far the face is reduced to a palette of 256 colours, in percent.")
    ] = 0.0
    grain: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How much of the target's own grain the face is given: measured in flat places of the target's "
            "face, by brightness; 1 makes it as strong as there.",
        ),
    ] = 0.0

    @property
    def looks_around(self) -> bool:
        """Whether a pixel's texture comes from others around it, so that what lies beyond the mask counts."""
        return bool(self.motion_blur or self.sharpen or self.denoise or self.bicubic_degrade or self.color_degrade)
