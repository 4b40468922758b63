"""Which merger gives the face the light of the frame? Poisson cloning: the face's detail, the frame's light."""

from __future__ import annotations

from collections.abc import Iterable

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.cloning_config import CloneConfig

__all__ = ["SeamlessCloneConfig", "understudy_mergers"]


class SeamlessCloneConfig(CloneConfig):
    """Settings of the seamless clone."""


def _build(config: SeamlessCloneConfig, _resources: Resources) -> Merger:
    from .merger import SeamlessCloneMerger

    return SeamlessCloneMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the seamless clone."""
    yield StageSpec(
        name="seamless_clone",
        summary="Clones the face's detail into the frame's light (Poisson); hides brightness differences at the edge.",
        config=SeamlessCloneConfig,
        tiny=SeamlessCloneConfig(),
        build=_build,
        revision=2,
    )
