"""Which enhancer gives a swap the target's own fine detail, and with which settings?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import Enhancer, Resources, StageConfig, StageSpec, hookimpl

__all__ = ["DetailConfig", "understudy_enhancers"]


class DetailConfig(StageConfig):
    """Settings of the transfer of detail. It runs on the CPU, whichever device the project asks for."""

    size: Annotated[
        int, Field(ge=64, le=2048, description="Side of the face that is given, in px; about as large as in the frame.")
    ] = 512
    amount: Annotated[
        float,
        Field(ge=0, le=2, description="How much of the target's detail finer than the model's pixels is taken over."),
    ] = 1.0
    sharpen_most: Annotated[
        float,
        Field(
            ge=1,
            le=4,
            description="By how much the finest detail that the model draws may be made stronger, to match the target.",
        ),
    ] = 2.0


def _build(config: DetailConfig, _resources: Resources) -> Enhancer:
    from .enhancer import DetailEnhancer

    return DetailEnhancer(config)


@hookimpl
def understudy_enhancers() -> Iterable[StageSpec[Enhancer]]:
    """Offer the transfer of detail."""
    yield StageSpec(
        name="detail",
        summary="Takes over the target's fine detail where it fits what the model draws; needs no weights.",
        config=DetailConfig,
        tiny=DetailConfig(size=96),
        build=_build,
    )
