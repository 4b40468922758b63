"""Which masker needs nothing but landmarks? Convex hulls around them, as DeepFaceLab draws its masks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import Masker, Resources, StageSpec, hookimpl
from understudy_sdk.outline_config import OutlineConfig

__all__ = ["HullConfig", "understudy_maskers"]


class HullConfig(OutlineConfig):
    """Settings of the hull masker."""

    brow_expansion: Annotated[
        float,
        Field(
            ge=0,
            le=4,
            description="How much of the forehead the mask takes in: 0 ends at the brows, 1 reaches half as far above "
            "them as they stand above the eyes.",
        ),
    ] = 1.0
    edges: Annotated[
        Literal["smooth", "hard"],
        Field(
            description="smooth: the edge follows the landmarks to a quarter of a pixel, so it does not jump between "
            "frames; hard: whole pixels, 0 or 1, exactly as DeepFaceLab draws it."
        ),
    ] = "smooth"


def _build(config: HullConfig, _resources: Resources) -> Masker:
    from .masker import HullMasker

    return HullMasker(config)


@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer hulls around the landmarks."""
    yield StageSpec(
        name="hull",
        summary="Convex hulls around the 68 landmarks; fast, needs no weights, knows nothing of hands or hair.",
        config=HullConfig,
        tiny=HullConfig(),
        build=_build,
    )
