"""Which settings say where in the frame a swapped face lies?"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from .stages import StageConfig

__all__ = ["PlacementConfig"]


class PlacementConfig(StageConfig):
    """How a swapped face is moved from where its crop was cut; its mask moves with it."""

    face_scale_percent: Annotated[
        float,
        Field(
            ge=-75,
            le=100,
            description="How much larger the face becomes; below 0 smaller. DeepFaceLab's output_face_scale s counts "
            "the other way round: it is 100 / (1 + s / 100) - 100 here.",
        ),
    ] = 0.0
    shift_x_percent: Annotated[
        float, Field(ge=-50, le=50, description="How far it moves to the crop's right, in percent of the crop's side.")
    ] = 0.0
    shift_y_percent: Annotated[
        float, Field(ge=-50, le=50, description="How far it moves down, in percent of the crop's side.")
    ] = 0.0
    rotate_deg: Annotated[
        float, Field(ge=-180, le=180, description="How far it turns clockwise about the crop's middle.")
    ] = 0.0
    paste_filter: Annotated[
        Literal["smooth", "cubic"],
        Field(
            description="How the face is brought to the frame's pixels. smooth: cubic, blurred first where it shrinks. "
            "cubic: single samples, as DeepFaceLab; fine detail turns into false patterns where the face shrinks."
        ),
    ] = "smooth"

    @property
    def reach(self) -> float:
        """How much of the frame around the crop's middle the moved face may cover, in sides of the crop's square."""
        turn = math.radians(self.rotate_deg)
        larger = (1.0 + self.face_scale_percent / 100.0) * (abs(math.cos(turn)) + abs(math.sin(turn)))
        return max(1.0, larger + 2.0 * max(abs(self.shift_x_percent), abs(self.shift_y_percent)) / 100.0)
