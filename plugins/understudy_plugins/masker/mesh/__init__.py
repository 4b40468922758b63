"""Which masker follows the whole face, forehead and profile included? The outline of a dense mesh."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import Masker, Resources, StageSpec, hookimpl
from understudy_sdk.outline_config import OutlineConfig

__all__ = ["MeshMaskerConfig", "understudy_maskers"]


class MeshMaskerConfig(OutlineConfig):
    """Settings of the mesh masker."""

    forehead: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            description="How far the mask reaches above the mesh's upper edge, up the slope of the skull, as a share "
            "of the mesh's height.",
        ),
    ] = 0.0
    edges: Annotated[
        Literal["smooth", "hard"],
        Field(
            description="smooth: the edge follows the mesh to a quarter of a pixel, so it does not jump between "
            "frames; hard: whole pixels, 0 or 1."
        ),
    ] = "smooth"


def _build(config: MeshMaskerConfig, _resources: Resources) -> Masker:
    from .masker import MeshMasker

    return MeshMasker(config)


@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer the outline of a dense mesh."""
    yield StageSpec(
        name="mesh",
        summary="Outline of the dense mesh: the whole forehead, true in profile; needs an aligner that gives a mesh.",
        config=MeshMaskerConfig,
        tiny=MeshMaskerConfig(),
        build=_build,
        needs_mesh=True,
    )
