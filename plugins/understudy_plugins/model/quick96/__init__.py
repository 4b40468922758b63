"""Which settings has Quick96, and how is it offered?

Quick96 is DeepFaceLab's small model for a first look: an autoencoder at 96 px with one encoder for both people and a
decoder for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import CHANGEABLE, Model, ModelExchange, Resources, StageSpec, hookimpl
from understudy_sdk.autoencoder.settings import LearningSettings, OptimizerPlace

__all__ = ["Quick96Config", "understudy_models"]


class Quick96Config(LearningSettings):
    """Settings of Quick96."""

    learning_rate: Annotated[
        float, Field(gt=0, le=0.01, description="How far a weight moves in a step.", json_schema_extra=CHANGEABLE)
    ] = 2e-4
    lr_dropout: Annotated[
        float,
        Field(gt=0, le=1, description="Share of the weights that move in each step.", json_schema_extra=CHANGEABLE),
    ] = 0.3
    random_warp: Annotated[
        bool, Field(description="Bend the faces the encoder sees.", json_schema_extra=CHANGEABLE)
    ] = True
    random_source_flip: Annotated[
        bool, Field(description="Mirror two in five of the source's faces.", json_schema_extra=CHANGEABLE)
    ] = False
    random_target_flip: Annotated[
        bool, Field(description="Mirror two in five of the target's faces.", json_schema_extra=CHANGEABLE)
    ] = False
    random_hsv_power: Annotated[
        float,
        Field(
            ge=0,
            le=0.3,
            description="How far hue, saturation and brightness of the source's faces vary in what the encoder sees.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    optimizer_on: OptimizerPlace = "device"
    code_width: Annotated[int, Field(ge=4, le=1024, description="Length of a face's code (ae_dims).")] = 128
    encoder_width: Annotated[int, Field(ge=4, le=256, description="Unit of the encoder's channels (e_dims).")] = 64
    decoder_width: Annotated[int, Field(ge=4, le=256, description="Unit of the decoders' channels (d_dims).")] = 64
    mask_width: Annotated[int, Field(ge=2, le=256, description="Unit of the masks' channels (d_mask_dims).")] = 16
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Decides the first weights and which of them move.")] = 0


def _build(config: Quick96Config, resources: Resources) -> Model:
    from .model import Quick96Model

    return Quick96Model(config, resources)


def _exchange() -> ModelExchange:
    from .exchange import Quick96Exchange

    return Quick96Exchange()


@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer Quick96."""
    yield StageSpec(
        name="quick96",
        summary="DeepFaceLab's small autoencoder at 96 px: recognisable in an hour.",
        config=Quick96Config,
        tiny=Quick96Config(
            batch_size=2,
            precision="float32",
            code_width=8,
            encoder_width=4,
            decoder_width=4,
            mask_width=2,
        ),
        build=_build,
        learns=True,
        exchange=_exchange,
    )
