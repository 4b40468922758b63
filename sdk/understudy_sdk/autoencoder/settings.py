"""Which settings of learning have all models that learn in steps?

They say how the machine is used. But for ``batch_size``, ``precision`` and rounding none of them alters what is learnt.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from understudy_sdk.stages import CHANGEABLE, StageConfig

__all__ = ["MOST_FACES", "BatchSize", "LearningSettings", "OptimizerPlace"]

MOST_FACES: Final = 1024
"""The largest batch that can be asked for."""

BatchSize = Annotated[int, Field(ge=1, le=MOST_FACES)] | Literal["auto"]

OptimizerPlace = Annotated[
    Literal["device", "cpu"],
    Field(
        description="Where the optimizer's means lie; cpu takes them to main memory: a larger batch fits on the GPU, "
        "and steps take longer.",
        json_schema_extra=CHANGEABLE,
    ),
]
"""A setting of models with many weights."""


class LearningSettings(StageConfig):
    """Settings that a model's own ones are added to."""

    batch_size: Annotated[
        BatchSize,
        Field(
            description="Faces of each side per step; auto takes as many as fit into the memory.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 4
    accumulate: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="Parts that a batch is learnt in, one after the other, as one step: less memory, more time.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 1
    recompute: Annotated[
        bool,
        Field(
            description="Compute the decoders' inner values twice instead of keeping them: less memory, more time.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    compile: Annotated[
        bool,
        Field(
            description="Let torch compile the networks; the first step takes minutes, later ones less time. Where "
            "that is not possible, a message says so and it learns without.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(
            description="Numbers the networks learn with; auto takes bfloat16 where the device is faster with it.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "auto"
    layout: Annotated[
        Literal["auto", "contiguous", "channels_last"],
        Field(
            description="How pictures lie in memory; auto takes what suits the device.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "auto"

    @property
    def faces_per_step(self) -> int:
        """What a model's ``batch_size`` answers: 0 asks for as many as fit."""
        return 0 if self.batch_size == "auto" else self.batch_size
