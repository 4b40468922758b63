"""Which settings do maskers share that draw a face's outline?"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from .stages import StageConfig

__all__ = ["OutlineConfig", "Sides"]


class Sides(NamedTuple):
    """How far an outline moves outwards on each side of the picture, in px."""

    left: float
    top: float
    right: float
    bottom: float


class OutlineConfig(StageConfig):
    """How far a mask reaches beyond the outline, on each side.

    Lengths are counted in pixels of a crop of side 256, so a setting looks the same on a close-up and in the distance.
    Sides are those of the crop, which the face stands upright in, except in face types that are not aligned.
    """

    expand_top_px: Annotated[
        float, Field(ge=0, le=128, description="How much further up the mask reaches, in px of a crop of side 256.")
    ] = 0.0
    expand_bottom_px: Annotated[
        float, Field(ge=0, le=128, description="How much further down it reaches, in px of a crop of side 256.")
    ] = 0.0
    expand_left_px: Annotated[
        float,
        Field(
            ge=0, le=128, description="How much further to the picture's left it reaches, in px of a crop of side 256."
        ),
    ] = 0.0
    expand_right_px: Annotated[
        float,
        Field(
            ge=0, le=128, description="How much further to the picture's right it reaches, in px of a crop of side 256."
        ),
    ] = 0.0

    def sides(self, size: int) -> Sides:
        """Return how far the outline moves on each side, in px of a crop of side ``size``."""
        unit = size / 256.0
        return Sides(
            self.expand_left_px * unit,
            self.expand_top_px * unit,
            self.expand_right_px * unit,
            self.expand_bottom_px * unit,
        )
