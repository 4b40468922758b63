"""Which settings say where a swapped face shows?"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from .stages import StageConfig

__all__ = ["MaskChoice", "MaskConfig"]

MaskChoice = Literal[
    "auto",
    "full",
    "target",
    "predicted",
    "target_predicted",
    "learned",
    "learned_source",
    "learned_target",
    "learned_sum",
    "all",
]

_OF_PREDICTED: Final = ("predicted", "target_predicted", "all")

_MOST_PX: Final = 400

Erosion = Annotated[float, Field(ge=-_MOST_PX, le=_MOST_PX)]
Blur = Annotated[float, Field(ge=0, le=_MOST_PX)]
Share = Annotated[float, Field(ge=0, le=1)]
Pad = Annotated[float, Field(ge=0, le=100)]


class MaskConfig(StageConfig):
    """Where the swapped face shows and how softly it ends.

    Lengths are counted in pixels of a crop of side 256, so a setting looks the same on a close-up and in the distance.
    Sides are those of the crop, which the face stands upright in, except in face types that are not aligned.
    """

    mask: Annotated[
        MaskChoice,
        Field(
            description="Which mask says where the face is. target: the masker's, of the person in the footage. "
            "predicted: that of the swap's mask_swaps, of the face the model drew; target_predicted: where both agree. "
            "learned_source, learned_target: the model's, of the face it draws and of the face it sees; learned: where "
            "both agree; learned_sum: where either is. all: where target, predicted and learned agree. full: the whole "
            "crop. auto: the masker's, within all others that there are."
        ),
    ] = "auto"
    mask_erode_px: Annotated[
        Erosion,
        Field(description="How far the mask's edge moves inwards, in px of a crop of side 256; below 0 it grows."),
    ] = 0.0
    mask_erode_top_px: Annotated[Erosion, Field(description="How much further the upper edge moves down.")] = 0.0
    mask_erode_bottom_px: Annotated[Erosion, Field(description="How much further the lower edge moves up.")] = 0.0
    mask_erode_left_px: Annotated[
        Erosion, Field(description="How much further the edge on the picture's left moves to the right.")
    ] = 0.0
    mask_erode_right_px: Annotated[
        Erosion, Field(description="How much further the edge on the picture's right moves to the left.")
    ] = 0.0
    mask_blur_px: Annotated[
        Blur,
        Field(description="Width of the soft edge, inwards from the mask's edge, in px of a crop of side 256."),
    ] = 16.0
    mask_blur_top_px: Annotated[Blur, Field(description="How much wider the soft edge is above.")] = 0.0
    mask_blur_bottom_px: Annotated[Blur, Field(description="How much wider the soft edge is below.")] = 0.0
    mask_blur_left_px: Annotated[Blur, Field(description="How much wider it is on the picture's left.")] = 0.0
    mask_blur_right_px: Annotated[Blur, Field(description="How much wider it is on the picture's right.")] = 0.0
    mask_edge: Annotated[
        Literal["inside", "deepfacelab"],
        Field(
            description="Where the soft edge lies. inside: within the mask, so that beyond the mask nothing shows. "
            "deepfacelab: numbers mean what they mean there: erosion by an ellipse so many px wide, a blur of so many "
            "px across the edge, px counted at four times the model's side."
        ),
    ] = "inside"
    pad_top_percent: Annotated[
        Pad,
        Field(
            description="How much of the crop's square stays the target's at the top, whatever the mask says, in "
            "percent of its side; the soft edge comes after it."
        ),
    ] = 0.0
    pad_bottom_percent: Annotated[Pad, Field(description="The same at the bottom.")] = 0.0
    pad_left_percent: Annotated[Pad, Field(description="The same on the picture's left.")] = 0.0
    pad_right_percent: Annotated[Pad, Field(description="The same on the picture's right.")] = 0.0
    keep_eyes: Annotated[
        Share, Field(description="How much of the target's own eyes stays: 0 nothing, 1 all, with a soft edge.")
    ] = 0.0
    keep_mouth: Annotated[
        Share, Field(description="How much of the target's own mouth stays, lips and all: 0 nothing, 1 all.")
    ] = 0.0

    @model_validator(mode="after")
    def _check_edge(self) -> Self:
        stated = [name for name in _PER_SIDE if getattr(self, name)]
        if self.mask_edge == "deepfacelab" and stated:
            raise ValueError(
                f"mask_edge: deepfacelab knows no sides; drop {', '.join(stated)} or take mask_edge: inside"
            )
        left, top, right, bottom = self.pads_percent
        if left + right >= 100 or top + bottom >= 100:
            raise ValueError("the pads of two sides leave nothing of the crop; together they must be less than 100")
        return self

    @property
    def needs_predicted_mask(self) -> bool:
        """Whether the mask of the face that the model drew is part of the choice."""
        return self.mask in _OF_PREDICTED

    @property
    def pads_percent(self) -> tuple[float, float, float, float]:
        """How much of the crop stays the target's on the left, at the top, on the right and at the bottom."""
        return self.pad_left_percent, self.pad_top_percent, self.pad_right_percent, self.pad_bottom_percent

    @property
    def erosions_px(self) -> tuple[float, float, float, float]:
        """How far the edge moves inwards on the left, at the top, on the right and at the bottom."""
        more = self.mask_erode_left_px, self.mask_erode_top_px, self.mask_erode_right_px, self.mask_erode_bottom_px
        left, top, right, bottom = (self.mask_erode_px + one for one in more)
        return left, top, right, bottom

    @property
    def blurs_px(self) -> tuple[float, float, float, float]:
        """How wide the soft edge is on the left, at the top, on the right and at the bottom."""
        more = self.mask_blur_left_px, self.mask_blur_top_px, self.mask_blur_right_px, self.mask_blur_bottom_px
        left, top, right, bottom = (self.mask_blur_px + one for one in more)
        return left, top, right, bottom


_SIDES: Final = ("top", "bottom", "left", "right")
_PER_SIDE: Final = tuple(f"mask_{what}_{side}_px" for what in ("erode", "blur") for side in _SIDES)
