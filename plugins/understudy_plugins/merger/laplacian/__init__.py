"""Which merger blends coarse and fine detail apart? Multi-band blending: broad light fades widely, detail at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.blend_config import BlendConfig

__all__ = ["LaplacianConfig", "understudy_mergers"]


class LaplacianConfig(BlendConfig):
    """Settings of the multi-band blend."""

    mask_blur_px: Annotated[
        float,
        Field(
            ge=0,
            le=400,
            description="Width of the finest detail's soft edge, inwards from the mask's edge, in px of a crop of "
            "side 256.",
        ),
    ] = 8.0
    spread_px: Annotated[
        float,
        Field(
            ge=8,
            le=256,
            description="Over how many px, inwards from the mask's edge, the broadest differences of light fade, in px "
            "of a crop of side 256. What lies deeper is the face's own, whatever the frame's light does.",
        ),
    ] = 64.0


def _build(config: LaplacianConfig, _resources: Resources) -> Merger:
    from .merger import LaplacianMerger

    return LaplacianMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the laplacian."""
    yield StageSpec(
        name="laplacian",
        summary="Fades broad light over a wide edge and fine detail over a narrow one; no halo, steady over time.",
        config=LaplacianConfig,
        tiny=LaplacianConfig(),
        build=_build,
    )
