"""What may stand in a project file, and what holds where nothing is written?

These models check the file's shape: keys, types and limits. What a stage's ``with`` may hold is that plugin's affair
and is checked by its own settings model (``choosing``). Every default of a project is written here and nowhere else.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from understudy.devices import DEVICE_FORMS, is_device_name
from understudy_sdk import FaceType

from .face_choice import FACE_SCHEMA, FaceChoice
from .stage_form import Form, StageForm, StageLayer
from .time_form import DurationField, KeyframeForm, Opacity, RangeForm

__all__ = [
    "DEFAULT_CODEC",
    "DETECT_EVERY_WITH_FOLLOWING",
    "EXTRACT_DEFAULTS",
    "FORMAT_VERSION",
    "CertificateForm",
    "ChangeForm",
    "ConsentForm",
    "CropFormat",
    "ExtractForm",
    "FacesetForm",
    "LayerForm",
    "OutputForm",
    "PersonForm",
    "ProjectForm",
    "SwapForm",
    "TrainingForm",
    "VideoForm",
]

FORMAT_VERSION: Final = 1
"""The newest version of the project file that is understood."""

DEFAULT_CODEC: Final = "libx264"
"""What codes an output that is no sequence of pictures."""


def _device(value: str) -> str:
    if not is_device_name(value):
        raise ValueError(f"must be {DEVICE_FORMS}, but is {value!r}")
    return value


def _rate(value: object) -> Fraction:
    """Read a rate; one near that of NTSC television is meant to be that: 23.976 is 24000/1001."""
    try:
        rate = Fraction(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, ZeroDivisionError):
        rate = None
    if rate is None or not 0 < rate <= 1000:
        raise ValueError(f"must be frames per second, such as 24, 23.976 or 24000/1001, but is {value!r}")
    television = Fraction(round(rate) * 1000, 1001)
    return television if rate.denominator > 1 and abs(rate - television) < Fraction(1, 100) else rate


RateField = Annotated[
    Any,
    AfterValidator(_rate),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}),
]
FacesetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
FaceField = Annotated[Any, BeforeValidator(FaceChoice.parse), WithJsonSchema(FACE_SCHEMA)]
CropFormat = Literal["png", "jpeg", "webp"]
LayerKind = Literal["none", "prores4444", "png16", "exr"]


class MaskerLayer(StageLayer):
    """A masker, or several whose masks are joined; several stand for themselves, over no other choice."""

    join: Annotated[Literal["minimum", "product"] | None, Field(description="How the masks of several are joined.")] = (
        None
    )
    of: Annotated[tuple[StageForm, ...], Field(description="The maskers to join.")] = ()

    @model_validator(mode="after")
    def _check_join(self) -> Self:
        if (self.join is None) != (not self.of):
            raise ValueError("needs both join: and of: to join several maskers, or use: for one")
        if self.of and self.use is not None:
            raise ValueError("has both use: and of:; name one masker, or several to join")
        return self


class ChangeForm(Form):
    """A change of settings on the way."""

    after: Annotated[int, Field(ge=1, description="Steps after which it holds.")]
    set: Annotated[dict[str, Any], Field(min_length=1, description="Settings of the model that change then.")]


class TrainingForm(Form):
    """How a training is watched and kept; nothing of it decides what is learnt but ``hold_out``."""

    hold_out: Annotated[
        float,
        Field(ge=0, le=0.5, description="Share of each side's faces that is not learnt from but measured with."),
    ] = 0.05
    measure_every: Annotated[
        int, Field(ge=0, description="Steps from one measuring on held-out faces to the next; 0: never.")
    ] = 1000
    save_every_min: Annotated[float, Field(gt=0, le=1440, description="Minutes between checkpoints at most.")] = 5.0
    snapshot_every: Annotated[
        int, Field(ge=0, description="Steps from one snapshot, which is kept, to the next; 0: none.")
    ] = 10_000
    keep_snapshots: Annotated[int, Field(ge=1, le=1000, description="How many of them stay, the newest.")] = 10
    preview_every: Annotated[int, Field(ge=1, description="Steps from one preview to the next.")] = 250
    tensorboard: Annotated[
        bool, Field(description="Write losses and previews for TensorBoard too; needs the extra of that name.")
    ] = False


class ModelForm(StageForm):
    """A swap's model and how long it learns."""

    iterations: Annotated[
        int, Field(ge=0, description="Training steps in all; a model that needs no training takes none.")
    ] = 100_000
    schedule: Annotated[
        tuple[ChangeForm, ...], Field(description="Settings that change on the way, in the order of their steps.")
    ] = ()
    start_from: Annotated[
        str | None,
        Field(min_length=1, description="Folder of a checkpoint, a snapshot or an imported model to begin with."),
    ] = None
    keep_steps: Annotated[
        bool, Field(description="Count on from the steps of start_from; off, from 0, as after a pretraining.")
    ] = True
    use_step: Annotated[
        int | None,
        Field(ge=1, description="Checkpoint or snapshot the merge uses; the newest unless stated."),
    ] = None
    training: TrainingForm = TrainingForm()


class ConsentForm(Form):
    """By what right the faces are used; goes into the output's provenance."""

    basis: Annotated[
        Literal["written-release", "own-likeness", "public-domain", "synthetic", "licensed-performance"],
        Field(description="The right."),
    ]
    statement: Annotated[str, Field(min_length=1, description="In words, such as the number of the release.")]


class ExtractForm(Form):
    """How faces are found, aligned, masked and cut out."""

    detector: StageLayer | None = None
    aligner: StageLayer | None = None
    masker: MaskerLayer | None = None
    recognizer: Annotated[StageLayer | None, Field(description="Tells people apart; none unless stated.")] = None
    face_type: Annotated[FaceType | None, Field(description="How much of the head a crop shows.")] = None
    crop_size: Annotated[int | None, Field(ge=32, le=2048, description="Side of a crop in px.")] = None
    crop_format: Annotated[CropFormat | None, Field(description="How crops are stored; png loses nothing.")] = None
    crop_quality: Annotated[int | None, Field(ge=1, le=100, description="Of jpeg and webp crops.")] = None
    crop_filter: Annotated[
        Literal["smooth", "bilinear"] | None,
        Field(description="smooth: cubic, blurred first where it shrinks. bilinear: single samples, as DeepFaceLab."),
    ] = None
    detect_every: Annotated[
        int | None,
        Field(
            ge=1, le=120, description="Frames from one look of the detector to the next; between, faces are followed."
        ),
    ] = None
    steadiness: Annotated[
        float | None, Field(ge=0, le=1, description="How strongly landmarks are steadied over time; 0: not at all.")
    ] = None
    fill_gaps_s: Annotated[
        float | None,
        Field(ge=0, le=2, description="Longest gap of a track, in seconds, that is filled from both sides."),
    ] = None


EXTRACT_DEFAULTS: Final = {
    "face_type": FaceType.WHOLE_FACE,
    "crop_size": 256,
    "crop_format": "png",
    "crop_quality": 95,
    "crop_filter": "smooth",
    "steadiness": 0.5,
    "fill_gaps_s": 0.2,
}
"""What holds where neither a faceset nor the project's ``extract`` says otherwise."""

DETECT_EVERY_WITH_FOLLOWING: Final = 5
"""Where the aligner follows faces; one that does not needs the detector on every frame."""


class FacesetForm(Form):
    """Faces, from one or more clips, or a finished faceset."""

    clips: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="Video files or folders of pictures, relative to the project file."),
    ] = ()
    faces: Annotated[
        str | None, Field(min_length=1, description="Folder of a finished faceset, in place of clips.")
    ] = None
    rate: Annotated[
        RateField | None,
        Field(description="Frames per second of folders of pictures that are film: 24, 23.976, 24000/1001."),
    ] = None
    face: Annotated[FaceField, Field(description="Which faces count when it is a swap's source.")] = FaceChoice()
    extract: Annotated[ExtractForm, Field(description="What differs from the project's extract.")] = ExtractForm()

    @model_validator(mode="after")
    def _check_origin(self) -> Self:
        if bool(self.clips) == bool(self.faces):
            raise ValueError(
                "needs clips: to take faces from, or faces: with the folder of a finished faceset, not both"
            )
        return self


class PersonForm(Form):
    """Somebody in the footage, by a picture or by the numbers of tracks."""

    like: Annotated[str | None, Field(min_length=1, description="A picture of the person.")] = None
    tracks: Annotated[dict[FacesetName, tuple[int, ...]], Field(description="Track numbers by faceset.")] = {}

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if bool(self.like) == bool(self.tracks):
            raise ValueError("needs like: with a picture or tracks: with numbers by faceset, not both")
        return self


class SwapForm(Form):
    """One identity put onto one person of the footage."""

    source: Annotated[str | None, Field(description="Faceset of the identity put on.")] = None
    target: Annotated[str, Field(description="Faceset of the person in the footage.")]
    face: Annotated[FaceField, Field(description="Which faces of the target are swapped.")] = FaceChoice()
    cast: Annotated[
        dict[str, str], Field(description="Several swaps in one: the faceset put on, by the person who wears it.")
    ] = {}
    model: ModelForm
    mask_swaps: Annotated[
        StageForm | None,
        Field(description="A masker that also masks the face the model drew, for a merger's mask: predicted, or all."),
    ] = None
    enhancer: Annotated[
        StageForm | None, Field(description="Gives the face the model drew more detail; none unless stated.")
    ] = None
    merger: StageForm
    opacity: Annotated[
        Opacity | None, Field(description="How much of the merged face shows; 1, all, unless stated.")
    ] = None
    fade_in: Annotated[
        DurationField | None, Field(description="How long the swap takes to come in from the clip's first frame on.")
    ] = None
    fade_out: Annotated[
        DurationField | None, Field(description="How long it takes to go out until the clip's last frame.")
    ] = None
    keyframes: Annotated[
        tuple[KeyframeForm, ...],
        Field(description="Values at moments of the clip, in the order of time; between them values change over."),
    ] = ()
    ranges: Annotated[
        tuple[RangeForm, ...],
        Field(description="What holds for part of the clip; where ranges overlap, the later one in this list holds."),
    ] = ()
    steadiness: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How strongly swaps are steadied by those of neighbouring frames; 0: not at all.",
        ),
    ] = 0.0
    steady_colors: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How strongly the colours a swap takes over are steadied by those of neighbouring frames; 0: "
            "not at all.",
        ),
    ] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63, description="Two runs with one seed learn the same on a CPU.")] = 0

    @model_validator(mode="after")
    def _check_cast(self) -> Self:
        if bool(self.cast) == (self.source is not None):
            raise ValueError("needs source: with one faceset, or cast: with one for each person, not both")
        if self.cast and self.face != FaceChoice():
            raise ValueError("has both cast: and face:; a cast names the people itself")
        return self


class VideoForm(Form):
    """How the output is encoded; size, rate, colour and, unless stated, pixel format are the clip's own."""

    model_config = ConfigDict(coerce_numbers_to_str=True)  # options are text to FFmpeg: preset 8 is as good as "8"

    codec: Annotated[
        str | None,
        Field(
            min_length=1,
            description="An FFmpeg video encoder, or copy-from-source for the clip's own way; libx264 unless stated.",
        ),
    ] = None
    lossless: Annotated[bool, Field(description="Every sample stays as it was merged; not every codec can.")] = False
    crf: Annotated[
        int | None, Field(ge=0, le=63, description="Quality, less is better; what loses nothing visible unless stated.")
    ] = None
    preset: Annotated[str | None, Field(description="Effort of encoding; medium for x264 and x265.")] = None
    pixel_format: Annotated[str | None, Field(description="The clip's own unless stated.")] = None
    options: Annotated[dict[str, str], Field(description="Further options of the encoder, as text.")] = {}


class CertificateForm(Form):
    """A certificate of one's own to sign the output with, in place of the key made on this machine."""

    chain: Annotated[str, Field(min_length=1, description="PEM file: the certificate, then those it rests on.")]
    key: Annotated[str, Field(min_length=1, description="PEM file with the certificate's private key, no password.")]


class LayerForm(Form):
    """Face and alpha of every swap, for a compositor to lay over the clip; its kind alone is enough."""

    kind: Annotated[
        LayerKind,
        Field(
            description="prores4444: a movie of 10 bits; png16, exr: a folder with a picture for every frame; none: no "
            "layer."
        ),
    ]
    alpha: Annotated[
        Literal["straight", "premultiplied"] | None,
        Field(
            description="Whether colours are multiplied by alpha; straight, but of exr premultiplied, unless stated."
        ),
    ] = None
    path: Annotated[
        str | None,
        Field(
            min_length=1,
            description="The movie or the folder; {clip} stands for the clip's name, {swap} for the swap's number from "
            "1; out/{clip}-{swap}, a movie's with .mov, unless stated.",
        ),
    ] = None
    mask: Annotated[bool, Field(description="Also the mask alone, in greys: NAME.mask.mov or a folder NAME.mask.")] = (
        True
    )
    matrices: Annotated[
        bool, Field(description="Also where each face was cut from its frame, with times: NAME.json.")
    ] = True
    linear: Annotated[
        bool, Field(description="Colours in linear light, for a compositor that works in it; exr alone holds them.")
    ] = False

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value


def _or_a_kind(schema: dict[str, Any]) -> None:
    """Let the schema of a layer take its kind alone."""
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"enum": list(get_args(LayerKind))}]
    schema["default"] = "none"


class OutputForm(Form):
    """Where the result goes, and how it tells what it is; signature, tags and watermark are always there."""

    path: Annotated[
        str, Field(min_length=1, description="Relative to the project file; {clip} stands for the clip's name.")
    ] = "out/{clip}.mp4"
    video: VideoForm = VideoForm()
    label: Annotated[
        str,
        Field(
            max_length=80, pattern=r"^[ -~]*$", description="Words shown in the lower left corner; none unless stated."
        ),
    ] = ""
    certificate: Annotated[
        CertificateForm | None, Field(description="Signs the output; a key made on this machine does unless stated.")
    ] = None
    layer: Annotated[
        LayerForm,
        Field(
            description="Also face and alpha for a compositor: a kind, or a mapping with more.",
            json_schema_extra=_or_a_kind,
        ),
    ] = LayerForm(kind="none")


class PluginsForm(Form):
    """Which plugins are shut out, and which distributions have to be installed."""

    block: Annotated[
        tuple[str, ...],
        Field(description="Plugins that are not loaded for this project, by the entry point that plugins list names."),
    ] = ()
    require: Annotated[
        tuple[str, ...],
        Field(description="Distributions that must be installed, with their versions, such as acme-face>=1.2."),
    ] = ()


class ProjectForm(Form):
    """An Understudy project."""

    understudy: Annotated[int, Field(ge=1, le=FORMAT_VERSION, description="Version of this format.")]
    name: Annotated[str | None, Field(min_length=1, description="The file's name unless stated.")] = None
    consent: Annotated[ConsentForm | None, Field(description="Required before anything is merged.")] = None
    device: Annotated[
        str, AfterValidator(_device), Field(description=f"{DEVICE_FORMS}; asked for and missing is an error.")
    ] = "auto"
    licence: Annotated[
        Literal["any", "commercial"],
        Field(description="commercial refuses plugins and weights that do not allow paid work."),
    ] = "any"
    plugins: PluginsForm = PluginsForm()
    timecode: Annotated[
        Literal["zero", "clip"],
        Field(
            description="What time codes of ranges and keyframes count from. zero: 00:00:00:00 is each clip's first "
            "frame. clip: the clip's own time code, which the file carries."
        ),
    ] = "zero"
    facesets: Annotated[dict[FacesetName, FacesetForm], Field(min_length=1)]
    extract: Annotated[ExtractForm, Field(description="Defaults of every faceset.")] = ExtractForm()
    people: Annotated[dict[FacesetName, PersonForm], Field(description="Names for people in the footage.")] = {}
    swaps: tuple[SwapForm, ...] = ()
    output: OutputForm = OutputForm()
