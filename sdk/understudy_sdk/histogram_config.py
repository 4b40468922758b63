"""Which settings do the mergers share that match histograms?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .stages import StageConfig

__all__ = ["HistogramConfig"]


class HistogramConfig(StageConfig):
    """How a face takes on the histograms of the face it covers, each channel by itself."""

    histogram_of: Annotated[
        Literal["masked", "white_outside", "whole_crop"],
        Field(
            description="What counts in the histograms. masked: what the mask shows, in the measure in which it does. "
            "white_outside: as DeepFaceLab with masked_hist_match, where all pixels outside the mask count as white. "
            "whole_crop: as DeepFaceLab without it, every pixel around the face too."
        ),
    ] = "masked"
    histogram_threshold: Annotated[
        float,
        Field(
            ge=1,
            le=255,
            description="How far up the target's histogram the face may reach, of 255. Less keeps the face's brightest "
            "places below the target's; DeepFaceLab has 238 unless told otherwise.",
        ),
    ] = 255.0
