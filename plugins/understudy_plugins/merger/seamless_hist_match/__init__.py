"""Which merger clones the face into the frame's light and then matches its histograms?"""

from __future__ import annotations

from collections.abc import Iterable

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.cloning_config import CloneConfig
from understudy_sdk.histogram_config import HistogramConfig

__all__ = ["SeamlessHistMatchConfig", "understudy_mergers"]


class SeamlessHistMatchConfig(HistogramConfig, CloneConfig):
    """Settings of the seamless clone with a histogram match."""


def _build(config: SeamlessHistMatchConfig, _resources: Resources) -> Merger:
    from .merger import SeamlessHistMatchMerger

    return SeamlessHistMatchMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the seamless hist match."""
    yield StageSpec(
        name="seamless_hist_match",
        summary="Clones the face as seamless_clone does, then matches the histograms of the face it covers.",
        config=SeamlessHistMatchConfig,
        tiny=SeamlessHistMatchConfig(),
        build=_build,
    )
