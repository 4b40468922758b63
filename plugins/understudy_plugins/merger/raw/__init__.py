"""Which merger lays the face as the model drew it? One that changes nothing, for work in another program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import Merger, Resources, StageSpec, hookimpl
from understudy_sdk.blend_config import PlainConfig

__all__ = ["RawConfig", "understudy_mergers"]


class RawConfig(PlainConfig):
    """Settings of the raw face."""

    over: Annotated[
        Literal["mask", "square"],
        Field(description="Where the face shows: within its mask, or over the whole square that the model drew."),
    ] = "mask"


def _build(config: RawConfig, _resources: Resources) -> Merger:
    from .merger import RawMerger

    return RawMerger(config)


@hookimpl
def understudy_mergers() -> Iterable[StageSpec[Merger]]:
    """Offer the raw."""
    yield StageSpec(
        name="raw",
        summary="Lays the face as the model drew it, over its mask or its whole square: for work in a compositor.",
        config=RawConfig,
        tiny=RawConfig(),
        build=_build,
    )
