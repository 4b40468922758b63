"""Which masker takes in the eyes and the mouth alone? Soft regions around those landmarks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from understudy_sdk import Masker, Resources, StageConfig, StageSpec, hookimpl

__all__ = ["EyesMouthConfig", "understudy_maskers"]

Region = Literal["eyes", "brows", "mouth", "lips"]


class EyesMouthConfig(StageConfig):
    """Settings of the eyes and mouth masker.

    Lengths are counted in pixels of a crop of side 256. With the defaults and hard edges it draws what DeepFaceLab
    trains eyes and mouth with.
    """

    regions: Annotated[
        tuple[Region, ...],
        Field(
            min_length=1,
            description="What the mask takes in. eyes: between the lids; brows; mouth: between the lips; lips: the "
            "mouth and both lips.",
        ),
    ] = ("eyes", "mouth")
    grow_px: Annotated[
        float, Field(ge=0, le=64, description="How much further each region reaches, in px of a crop of side 256.")
    ] = 4.0
    blur_px: Annotated[
        float,
        Field(ge=0, le=64, description="Width of the soft edge around each region, in px of a crop of side 256."),
    ] = 16.0
    edges: Annotated[
        Literal["smooth", "hard"],
        Field(
            description="smooth: regions follow the landmarks to a quarter of a pixel, so they do not jump between "
            "frames; hard: they are drawn in whole pixels before they are blurred, exactly as DeepFaceLab does."
        ),
    ] = "smooth"


def _build(config: EyesMouthConfig, _resources: Resources) -> Masker:
    from .masker import EyesMouthMasker

    return EyesMouthMasker(config)


@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer the regions of eyes, brows and mouth."""
    yield StageSpec(
        name="eyes_mouth",
        summary="Eyes, mouth and, if wanted, brows and lips alone, with soft edges; needs no weights.",
        config=EyesMouthConfig,
        tiny=EyesMouthConfig(),
        build=_build,
    )
