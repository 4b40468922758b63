"""What may a project file say of part of a clip, or of a moment in it?"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from understudy.errors import RequestError
from understudy.timecode import Duration, Moment

from .face_choice import SOME_FACES_SCHEMA, FaceChoice
from .stage_form import Form, StageLayer

__all__ = ["DurationField", "KeyframeForm", "Opacity", "RangeForm"]

_MOMENT_WORDS: Final = "HH:MM:SS:FF, HH:MM:SS;FF (drop-frame), HH:MM:SS.mmm or the frame's number"


def _moment(value: object) -> Moment:
    try:
        return Moment.parse(value)
    except RequestError as error:
        raise ValueError(str(error)) from error


def _duration(value: object) -> Duration:
    try:
        return Duration.parse(value)
    except RequestError as error:
        raise ValueError(str(error)) from error


_NUMBER_OR_TEXT: Final[dict[str, Any]] = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}

MomentField = Annotated[Any, AfterValidator(_moment), WithJsonSchema(_NUMBER_OR_TEXT)]
DurationField = Annotated[Any, AfterValidator(_duration), WithJsonSchema(_NUMBER_OR_TEXT)]
SomeFacesField = Annotated[Any, BeforeValidator(FaceChoice.parse_some), WithJsonSchema(SOME_FACES_SCHEMA)]
Opacity = Annotated[float, Field(ge=0, le=1)]


class KeyframeForm(Form):
    """Values at a moment; from here to the next keyframe that states the same value they change over."""

    at: Annotated[MomentField, Field(description=f"The frame: {_MOMENT_WORDS}.")]
    merger: Annotated[dict[str, Any], Field(description="Settings of the merger that holds there.")] = {}
    model: Annotated[
        dict[str, Any],
        Field(description="Settings of the model that alter its swaps though not what it learns, such as AMP's morph."),
    ] = {}
    opacity: Annotated[Opacity | None, Field(description="How much of the merged face shows.")] = None
    then: Annotated[
        Literal["linear", "smooth", "hold"],
        Field(
            description="How numbers go on to the next keyframe: evenly, slowly at both ends, or not before they are "
            "there. What is no number holds."
        ),
    ] = "linear"

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if not self.merger and not self.model and self.opacity is None:
            raise ValueError("states no value: give merger: {SETTING: VALUE}, model: {SETTING: VALUE} or opacity:")
        return self


class RangeForm(Form):
    """What holds for part of the clip; where ranges overlap, the later one in the list holds."""

    start: Annotated[MomentField, Field(alias="from", description=f"First frame: {_MOMENT_WORDS}.")]
    end: Annotated[MomentField, Field(alias="to", description="The frame after the last, written like from.")]
    face: Annotated[
        SomeFacesField | None, Field(description="Which of the swap's faces it is about; all unless stated.")
    ] = None
    skip: Annotated[
        bool | None,
        Field(description="true: no face is swapped here. false: they are, though an earlier range skips them."),
    ] = None
    merger: Annotated[StageLayer | None, Field(description="Another merger, or other settings of it.")] = None
    opacity: Annotated[Opacity | None, Field(description="How much of the merged face shows.")] = None
    fade_in: Annotated[
        DurationField | None,
        Field(
            description="How long the swap takes to come in: from the range's first frame on, or after its end where "
            "it skips."
        ),
    ] = None
    fade_out: Annotated[
        DurationField | None,
        Field(
            description="How long the swap takes to go out: until the range's end, or before its first frame where it "
            "skips."
        ),
    ] = None
    keyframes: Annotated[
        tuple[KeyframeForm, ...], Field(description="Values at moments of the range, counted as everywhere.")
    ] = ()

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if self.end.is_not_after(self.start):
            raise ValueError(f"'to' must lie after 'from', but {self.end} does not lie after {self.start}")
        values = {"merger": self.merger, "opacity": self.opacity, "keyframes": self.keyframes}
        stated = [key for key, value in values.items() if value not in (None, ())]
        if self.skip and stated:
            raise ValueError(f"skips its faces, so {stated[0]}: would do nothing; drop it, or skip:")
        if self.skip is None and not stated and self.fade_in is None and self.fade_out is None:
            raise ValueError("changes nothing: state merger:, skip:, opacity:, a fade or keyframes:")
        return self
