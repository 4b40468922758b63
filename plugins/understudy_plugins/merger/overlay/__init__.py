"""Which merger only lays the face over the frame? A soft-edged overlay with colour transfer."""

from __future__ import annotations

from collections.abc import Iterable

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.blend_config import BlendConfig

__all__ = ["OverlayConfig", "understudy_mergers"]


class OverlayConfig(BlendConfig):
    """Settings of the overlay."""


def _build(config: OverlayConfig, _resources: Resources) -> Merger:
    from .merger import OverlayMerger

    return OverlayMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the overlay."""
    yield StageSpec(
        name="overlay",
        summary="Lays the face over the frame with a soft edge; fast, and the light stays the model's.",
        config=OverlayConfig,
        tiny=OverlayConfig(),
        build=_build,
        revision=2,
    )
