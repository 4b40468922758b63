"""Which recognizer needs no weights? Patterns of light and dark around eyes, nose and mouth, as histograms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import Recognizer, Resources, StageConfig, StageSpec, hookimpl

__all__ = ["AppearanceConfig", "understudy_recognizers"]


class AppearanceConfig(StageConfig):
    """Settings of the recognizer by appearance."""

    same_person: Annotated[
        float,
        Field(
            ge=-1,
            le=1,
            description="Faces at least this alike are taken for one person. Raise it where different people are taken "
            "for one, lower it where one person falls into several.",
        ),
    ] = 0.82


def _build(config: AppearanceConfig, _resources: Resources) -> Recognizer:
    from .recognizer import AppearanceRecognizer

    return AppearanceRecognizer(config)


@hookimpl
def understudy_recognizers() -> Iterable[StageSpec[Recognizer]]:
    """Offer recognition by appearance."""
    yield StageSpec(
        name="appearance",
        summary="Compares local patterns of the face; needs no weights, tells a few unlike people of like shots apart.",
        config=AppearanceConfig,
        tiny=AppearanceConfig(),
        build=_build,
    )
