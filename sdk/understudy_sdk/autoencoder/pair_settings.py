"""Which settings have all models that learn two people as DeepFaceLab's larger ones do?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from understudy_sdk.stages import CHANGEABLE

from .settings import BatchSize, LearningSettings, OptimizerPlace

__all__ = ["PairSettings"]


class PairSettings(LearningSettings):
    """Settings of how two people's faces are varied, learnt and judged; a model adds its own."""

    batch_size: Annotated[
        BatchSize,
        Field(
            description="Faces of each side per step; auto takes as many as fit into the memory.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 8
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Decides the first weights and which of them move.")] = 0
    learning_rate: Annotated[
        float, Field(gt=0, le=0.01, description="How far a weight moves in a step.", json_schema_extra=CHANGEABLE)
    ] = 5e-5
    optimizer_on: OptimizerPlace = "device"
    lr_dropout: Annotated[
        Literal["n", "y", "cpu"],
        Field(
            description="y lets 30 % of the weights move in each step, at a rate that swings with a period of 500 "
            "steps: for the last, finest part of training. cpu draws them on the CPU, alike for every device, slower.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "n"
    clip_gradients: Annotated[
        bool,
        Field(description="Scale gradients down whose norm is above 1: fewer collapses.", json_schema_extra=CHANGEABLE),
    ] = False
    uniform_yaw: Annotated[
        bool,
        Field(
            description="Faces turned this way and that come equally often, however rare some are.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    blur_out_mask: Annotated[
        bool,
        Field(
            description="Blur what lies outside the mask in the faces to be learnt; wants exact masks on both sides.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    random_source_flip: Annotated[
        bool, Field(description="Mirror two in five of the source's faces.", json_schema_extra=CHANGEABLE)
    ] = False
    random_target_flip: Annotated[
        bool, Field(description="Mirror two in five of the target's faces.", json_schema_extra=CHANGEABLE)
    ] = True
    color_transfer: Annotated[
        Literal["none", "rct", "lct", "mkl", "idt", "sot"],
        Field(
            description="How the source's faces take on colours of the target's before they are learnt.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "none"
    gan_patch_size: Annotated[
        int,
        Field(
            ge=0,
            le=640,
            description="How much of a face it judges at once, in px, from 3; 0 is an eighth of the resolution. A "
            "change begins it anew.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0
    gan_width: Annotated[
        int,
        Field(
            ge=4,
            le=512,
            description="Unit of its channels (gan_dims). A change begins it anew.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 16

    @field_validator("gan_patch_size")
    @classmethod
    def _is_patch(cls, patch_px: int) -> int:
        if patch_px in (1, 2):
            raise ValueError("must be 0, or 3 and more")
        return patch_px
