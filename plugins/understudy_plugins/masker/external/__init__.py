"""Which masker takes its masks from an editor? Mattes as a picture sequence, a clip or a still."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, field_validator

from understudy_sdk import INPUT_PATH, Masker, Resources, StageConfig, StageSpec, hookimpl

__all__ = ["ExternalConfig", "understudy_maskers"]


class ExternalConfig(StageConfig):
    """Settings of the masker that reads mattes made elsewhere."""

    mattes: Annotated[
        str | dict[str, str],
        Field(
            json_schema_extra=INPUT_PATH,
            description="A clip, a folder of numbered pictures or one still picture, of any resolution but the "
            "footage's shape; or such a path for each clip, by the clip's file name without its suffix. Left empty, "
            "the whole crop is taken.",
        ),
    ] = ""
    channel: Annotated[
        Literal["auto", "alpha", "luma", "red"],
        Field(description="Where in the matte the mask is; auto: its alpha, or its luma where it has none."),
    ] = "auto"
    invert: Annotated[bool, Field(description="Whether the matte's black is the face.")] = False
    rate: Annotated[
        str,
        Field(
            description="Pictures per second of a sequence, such as 25 or 24000/1001, to match it by time. Left empty, "
            "its pictures are matched with the clip's frames one by one. A clip's own times always count."
        ),
    ] = ""
    start_number: Annotated[
        int | None,
        Field(
            ge=0,
            description="Which number of a sequence belongs to the clip's first frame; left out, the lowest there is.",
        ),
    ] = None
    offset_frames: Annotated[
        int,
        Field(
            ge=-10_000_000,
            le=10_000_000,
            description="How many of its own frames the matte is ahead; below 0 it starts later than the clip.",
        ),
    ] = 0
    outside: Annotated[
        Literal["error", "empty", "full", "hold"],
        Field(
            description="What holds where the matte has no frame. error: the run stops and says where; empty: nothing "
            "is taken; full: the whole crop is; hold: the nearest earlier frame stays, or the first comes early."
        ),
    ] = "error"

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, text: str) -> str:
        """Check that it is a positive number or a fraction of two."""
        try:
            is_rate = not text or Fraction(text) > 0
        except (ValueError, ZeroDivisionError):
            is_rate = False
        if not is_rate:
            raise ValueError(f"must be a rate such as 25 or 24000/1001, but is {text!r}")
        return text


def _build(config: ExternalConfig, resources: Resources) -> Masker:
    from .masker import ExternalMasker

    return ExternalMasker(config, resources.threads)


@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    """Offer mattes from an editor."""
    yield StageSpec(
        name="external",
        summary="Mattes from an editor, as clip, picture sequence or still, matched by time; alpha, luma or red.",
        config=ExternalConfig,
        tiny=ExternalConfig(),
        build=_build,
    )
