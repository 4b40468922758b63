"""Which masker learns from masks that people drew? XSeg, and which settings has it?

XSeg is DeepFaceLab's segmentation network: it learns from polygons on a few dozen faces and masks all others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import CHANGEABLE, INPUT_PATH, Masker, ModelExchange, Resources, StageSpec, hookimpl
from understudy_sdk.autoencoder.settings import BatchSize, LearningSettings

__all__ = ["XSegConfig", "understudy_maskers"]


class XSegConfig(LearningSettings):
    """Settings of XSeg."""

    weights: Annotated[
        str,
        Field(
            description="What was learnt: a checkpoint's folder or its weights.safetensors, DeepFaceLab's XSeg_256.npy "
            "or its model folder. Needed to mask; training begins from it, or afresh where it is left empty.",
            json_schema_extra=INPUT_PATH,
        ),
    ] = ""
    is_untrained_allowed: Annotated[
        bool, Field(description="Mask without having learnt anything, which masks nothing sensible: for tests.")
    ] = False
    face_type: Annotated[
        Literal["half", "mid_full", "full", "whole_face", "head"],
        Field(description="How much of the head it looks at; masks of crops of all types are made from such a one."),
    ] = "whole_face"
    resolution: Annotated[
        int,
        Field(ge=64, le=512, multiple_of=64, description="Side of what it looks at in px; DeepFaceLab has 256 alone."),
    ] = 256
    width: Annotated[
        int, Field(ge=2, le=64, description="Unit of the network's channels; DeepFaceLab has 32 alone.")
    ] = 32
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Decides the first weights and which of them move.")] = 0
    batch_size: Annotated[
        BatchSize,
        Field(
            description="Labelled faces per step; auto takes as many as fit into the memory.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 4
    recompute: Annotated[
        bool,
        Field(
            description="Compute the network's inner values twice instead of keeping them: less memory, more time.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    learning_rate: Annotated[
        float, Field(gt=0, le=0.01, description="How far a weight moves in a step.", json_schema_extra=CHANGEABLE)
    ] = 1e-4
    lr_dropout: Annotated[
        Literal["n", "y", "cpu"],
        Field(
            description="y lets 30 % of the weights move in each step, as DeepFaceLab always does; n all of them. cpu "
            "draws them on the CPU, alike for every device, slower.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "y"
    pretrain: Annotated[
        bool,
        Field(
            description="Learn to draw faces in grey through the network's narrow middle, without any mask: for the "
            "first steps of a network that shall know faces.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False
    mask_batch: Annotated[
        int, Field(ge=1, le=256, description="Crops that are masked at a time.", json_schema_extra=CHANGEABLE)
    ] = 8


def _build(config: XSegConfig, resources: Resources) -> Masker:
    from .masker import XSegMasker

    return XSegMasker(config, resources)


def _exchange() -> ModelExchange:
    from .exchange import XSegExchange

    return XSegExchange()


@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer XSeg."""
    yield StageSpec(
        name="xseg",
        summary="DeepFaceLab's network that learns masks from polygons: hands, hair and glasses as you drew them.",
        config=XSegConfig,
        tiny=XSegConfig(
            is_untrained_allowed=True,
            resolution=64,
            width=2,
            batch_size=2,
            learning_rate=2e-3,
            lr_dropout="n",
            precision="float32",
        ),
        build=_build,
        learns=True,
        exchange=_exchange,
    )
