"""Which settings has the model pocket, and how is it offered?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import CHANGEABLE, Model, Resources, StageSpec, hookimpl
from understudy_sdk.autoencoder.settings import LearningSettings

__all__ = ["PocketConfig", "understudy_models"]


class PocketConfig(LearningSettings):
    """Settings of the model pocket, beside those of all models that learn."""

    learning_rate: Annotated[
        float, Field(gt=0, le=0.1, description="How far a weight moves in a step.", json_schema_extra=CHANGEABLE)
    ] = 1e-3
    size_px: Annotated[int, Field(ge=32, le=256, multiple_of=8, description="Side of the faces, in px.")] = 64
    width: Annotated[int, Field(ge=4, le=128, description="Unit of the network's channels.")] = 24
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Decides the first weights.")] = 0


def _build(config: PocketConfig, resources: Resources) -> Model:
    from .model import PocketModel  # torch arrives here

    return PocketModel(config, resources)


@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer pocket."""
    yield StageSpec(
        name="pocket",
        summary="An autoencoder of a few layers; learns in minutes, draws softly.",
        config=PocketConfig,
        tiny=PocketConfig(batch_size=2, size_px=32, width=4, precision="float32"),
        build=_build,
        learns=True,
        api_version=1,
    )
