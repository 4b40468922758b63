"""Which settings has the merger blend_modes, and how is it offered?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.blend_config import BlendConfig

__all__ = ["BlendModesConfig", "understudy_mergers"]


class BlendModesConfig(BlendConfig):
    """Settings of the merger blend_modes, beside those that all blending mergers have."""

    mode: Annotated[
        Literal["normal", "grain_merge", "soft_light", "overlay", "hard_light", "multiply", "screen"],
        Field(description="How the face's colours and the frame's become one."),
    ] = "soft_light"
    opacity: Annotated[float, Field(gt=0, le=1, description="How much of the result shows; 1 is all of it.")] = 1.0


def _build(config: BlendModesConfig, _resources: Resources) -> Merger:
    from .merger import BlendModesMerger  # OpenCV arrives here

    return BlendModesMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer blend_modes."""
    yield StageSpec(
        name="blend_modes",
        summary="Blends face and frame as picture editors do: grain merge, soft light, overlay and others.",
        config=BlendModesConfig,
        tiny=BlendModesConfig(),
        build=_build,
        api_version=1,
    )
