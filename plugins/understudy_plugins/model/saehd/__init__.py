"""Which settings has SAEHD, and how is it offered?

SAEHD is DeepFaceLab's large model: an autoencoder for two people whose shape, size and losses are chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from understudy_sdk import CHANGEABLE, Model, ModelExchange, Resources, StageSpec, hookimpl
from understudy_sdk.autoencoder.architecture import Architecture
from understudy_sdk.autoencoder.pair_settings import PairSettings

__all__ = ["SAEHDConfig", "understudy_models"]


class SAEHDConfig(PairSettings):
    """Settings of SAEHD."""

    resolution: Annotated[
        int, Field(ge=64, le=640, description="Side of the faces in px, a multiple of 16; with -d or -t, of 32.")
    ] = 128
    face_type: Annotated[
        Literal["half", "mid_full", "full", "whole_face", "head", "mesh"],
        Field(description="How much of the head it learns; facesets must show at least that much."),
    ] = "full"
    archi: Annotated[
        str,
        Field(
            description="df keeps the source's features better, liae takes more of the target's light and shape; then "
            "a dash and any of u (more alike), d (half the work for the size), t (more detail), c (other activations)."
        ),
    ] = "liae-ud"
    code_width: Annotated[int, Field(ge=4, le=1024, description="Length of a face's code (ae_dims).")] = 256
    encoder_width: Annotated[
        int, Field(ge=4, le=256, multiple_of=2, description="Unit of the encoder's channels (e_dims).")
    ] = 64
    decoder_width: Annotated[
        int, Field(ge=4, le=256, multiple_of=2, description="Unit of the decoders' channels (d_dims).")
    ] = 64
    mask_width: Annotated[
        int, Field(ge=2, le=256, multiple_of=2, description="Unit of the masks' channels (d_mask_dims).")
    ] = 22
    optimizer: Annotated[
        Literal["adabelief", "rmsprop"],
        Field(
            description="adabelief learns better, rmsprop needs less memory; a change begins its means anew.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = "adabelief"
    masked_training: Annotated[
        bool, Field(description="Only what lies within the mask counts.", json_schema_extra=CHANGEABLE)
    ] = True
    eyes_mouth_priority: Annotated[
        bool, Field(description="Eyes and mouth count much more.", json_schema_extra=CHANGEABLE)
    ] = False
    random_warp: Annotated[
        bool,
        Field(
            description="Bend the faces the encoder sees; off late in training, and liae then keeps inter_AB as it is.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = True
    random_hsv_power: Annotated[
        float,
        Field(
            ge=0,
            le=0.3,
            description="How far hue, saturation and brightness of the source's faces vary in what the encoder sees.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    face_style_power: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="How much a swap shall take on the target's colours within the face; start near 0.001, late.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    background_style_power: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="How much a swap shall equal the target's surroundings; usually 2, late.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    true_face_power: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="With df: how hard codes of both people are made alike, by a network that tells them apart; "
            "usually 0.01.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    gan_power: Annotated[
        float,
        Field(
            ge=0,
            le=5,
            description="How much a network counts that tells drawn from true faces; usually 0.1, last of all.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0
    pretrain: Annotated[
        bool,
        Field(
            description="Learn faces in general, of many people on both sides: no warp, both flips, uniform "
            "yaw, none of the powers. When it is switched off, the part that keeps people apart begins anew.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = False

    @field_validator("archi")
    @classmethod
    def _is_known(cls, archi: str) -> str:
        Architecture.parse(archi)
        return archi

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        architecture = Architecture.parse(self.archi)
        if self.resolution % architecture.unit_px:
            raise ValueError(
                f"with archi {self.archi}, resolution must be a multiple of {architecture.unit_px}, "
                f"but is {self.resolution}"
            )
        if self.true_face_power and architecture.layout != "df":
            raise ValueError("true_face_power works with df alone: set it to 0, or choose such an archi")
        return self


def _build(config: SAEHDConfig, resources: Resources) -> Model:
    from .model import SAEHDModel

    return SAEHDModel(config, resources)


def _exchange() -> ModelExchange:
    from .exchange import SAEHDExchange

    return SAEHDExchange()


@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer SAEHD."""
    yield StageSpec(
        name="saehd",
        summary="DeepFaceLab's large autoencoder: sharp faces up to 640 px, in days.",
        config=SAEHDConfig,
        tiny=SAEHDConfig(
            resolution=64,
            code_width=8,
            encoder_width=4,
            decoder_width=4,
            mask_width=2,
            batch_size=2,
            learning_rate=1e-3,
            gan_power=0.01,
            precision="float32",
        ),
        build=_build,
        learns=True,
        exchange=_exchange,
    )
