"""Which settings has AMP, and how is it offered?

AMP is DeepFaceLab's model that morphs: one network for two people, whose swaps turn into the source as far as wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from understudy_sdk import CHANGEABLE, DECIDES_SWAP, Model, Resources, StageSpec, hookimpl
from understudy_sdk.autoencoder.pair_settings import PairSettings

if TYPE_CHECKING:
    from understudy_sdk import ModelExchange

__all__ = ["AMPConfig", "understudy_models"]


class AMPConfig(PairSettings):
    """Settings of AMP."""

    resolution: Annotated[
        int, Field(ge=64, le=640, multiple_of=32, description="Side of the faces in px, a multiple of 32.")
    ] = 224
    face_type: Annotated[
        Literal["full", "whole_face", "head"],
        Field(description="How much of the head it learns; facesets must show at least that much."),
    ] = "whole_face"
    morph: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How far a swap turns into the source: 0 is the target's own face, 1 all that was learnt.",
            json_schema_extra=CHANGEABLE | DECIDES_SWAP,
        ),
    ] = 1.0
    morph_factor: Annotated[
        float,
        Field(
            ge=0.1,
            le=0.5,
            description="Share of the inters' channels that are the source's own while it learns; the source's faces "
            "take the others from the target's inter.",
        ),
    ] = 0.5
    learn_inters: Annotated[
        bool,
        Field(
            description="Let the inters learn too, as DeepFaceLab did until August 2021. Without, they keep their "
            "first weights, and encoder and decoder learn to do with them."
        ),
    ] = False
    code_width: Annotated[int, Field(ge=4, le=1024, description="Length of a face's code (ae_dims).")] = 256
    inter_width: Annotated[
        int, Field(ge=16, le=2048, description="Channels of the inters (inter_dims); at least code_width is usual.")
    ] = 1024
    encoder_width: Annotated[
        int, Field(ge=4, le=256, multiple_of=2, description="Unit of the encoder's channels (e_dims).")
    ] = 64
    decoder_width: Annotated[
        int, Field(ge=4, le=256, multiple_of=2, description="Unit of the decoder's channels (d_dims).")
    ] = 64
    mask_width: Annotated[
        int, Field(ge=2, le=256, multiple_of=2, description="Unit of the masks' channels (d_mask_dims).")
    ] = 22
    random_warp: Annotated[
        bool, Field(description="Bend the faces the encoder sees; off late in training.", json_schema_extra=CHANGEABLE)
    ] = True
    gan_power: Annotated[
        float,
        Field(
            ge=0,
            le=5,
            description="How much a network counts that tells drawn from true faces, of both people; usually 0.1, "
            "last of all.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 0.0


def _build(config: AMPConfig, resources: Resources) -> Model:
    from .model import AMPModel

    return AMPModel(config, resources)


def _exchange() -> ModelExchange:
    from .exchange import AMPExchange

    return AMPExchange()


@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer AMP."""
    yield StageSpec(
        name="amp",
        summary="DeepFaceLab's morphing autoencoder: how far the target turns into the source is chosen afterwards.",
        config=AMPConfig,
        tiny=AMPConfig(
            resolution=64,
            code_width=8,
            inter_width=16,
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
