"""Which merger gives the face the target's histograms? An overlay that matches them channel by channel."""

from __future__ import annotations

from collections.abc import Iterable

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.blend_config import BlendConfig
from understudy_sdk.histogram_config import HistogramConfig

__all__ = ["HistMatchConfig", "understudy_mergers"]


class HistMatchConfig(HistogramConfig, BlendConfig):
    """Settings of the histogram match."""


def _build(config: HistMatchConfig, _resources: Resources) -> Merger:
    from .merger import HistMatchMerger

    return HistMatchMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the hist match."""
    yield StageSpec(
        name="hist_match",
        summary="Lays the face over the frame with the histograms of the face it covers; follows odd light closely.",
        config=HistMatchConfig,
        tiny=HistMatchConfig(),
        build=_build,
    )
