"""Which settings has the FAN aligner, and which weights does it need?

FAN is the aligner of DeepFaceLab and of ``face-alignment``: Bulat and Tzimiropoulos, "How far are we from solving the
2D & 3D Face Alignment problem? (and a dataset of 230,000 3D facial landmarks)", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from understudy_sdk import INPUT_PATH, Aligner, Resources, StageConfig, StageSpec, UrlSource, WeightFile, hookimpl

FAN_2D: Final = WeightFile(
    name="2DFAN4-11f355bf06.pth.tar",
    sha256="11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa",
    size=95_641_761,
    code_licence="BSD-3-Clause",
    weights_licence="research use: learnt from 300-W and 300W-LP, whose terms admit no other",
    commercial=False,
    sources=(UrlSource("https://www.adrianbulat.com/downloads/python-fan/2DFAN4-11f355bf06.pth.tar"),),
)


class FanConfig(StageConfig):
    """Settings of the FAN aligner."""

    passes: Annotated[
        Literal[1, 2],
        Field(
            description="2: look again at the face as the first landmarks align it. The first look stands where the "
            "second is less sure of a face or sees it elsewhere."
        ),
    ] = 2
    samples: Annotated[
        Literal[1, 5],
        Field(description="Looks whose landmarks are averaged in the last pass: 5 moves the square by a pixel each."),
    ] = 1
    flip: Annotated[
        bool,
        Field(description="Average with what the mirrored face gives, as face-alignment does; takes twice as long."),
    ] = False
    subpixel: Annotated[
        Literal["fitted", "quarter"],
        Field(
            description="How a landmark is placed between the heat map's pixels: fitted moves smoothly, quarter in the "
            "steps of DeepFaceLab and face-alignment."
        ),
    ] = "fitted"
    crop: Annotated[
        Literal["dfl", "face_alignment"],
        Field(
            description="Where the first look lies about the detector's box: in its middle as DeepFaceLab has it, for "
            "boxes that reach below the chin, or higher up as face-alignment has it, for boxes that do not."
        ),
    ] = "dfl"
    level_eyes: Annotated[
        bool, Field(description="Turn the first look so that the eyes are level, where the detector knows the eyes.")
    ] = True
    min_confidence: Annotated[
        float,
        Field(ge=0, le=1, description="Faces are left out where the heat maps' mean peak is lower; 0 keeps all."),
    ] = 0.0
    min_follow_confidence: Annotated[
        float,
        Field(ge=0, le=1, description="A face followed into the next frame is lost where the mean peak is lower."),
    ] = 0.4
    stacks: Annotated[
        int,
        Field(ge=1, le=4, description="How many of the network's four stages are run; fewer is faster and less exact."),
    ] = 4
    precision: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        Field(description="Numbers the network counts in; auto takes bfloat16 where the device has it in hardware."),
    ] = "auto"
    weights: Annotated[
        Literal["released", "untrained", "file"],
        Field(description="released: face-alignment's 2DFAN-4; file: weights_file; untrained: random, for tests."),
    ] = "released"
    weights_file: Annotated[
        str,
        Field(
            description="A 2DFAN or 3DFAN file of DeepFaceLab (.npy) or face-alignment.", json_schema_extra=INPUT_PATH
        ),
    ] = ""
    weights_sha256: Annotated[
        str,
        Field(pattern="^([0-9a-fA-F]{64})?$", description="SHA-256 of weights_file; no other content is loaded."),
    ] = ""

    @model_validator(mode="after")
    def _file_belongs_to_weights(self) -> Self:
        if (self.weights == "file") != bool(self.weights_file):
            raise ValueError("weights_file names the file where weights is file, and is left empty otherwise")
        return self


def _build(config: FanConfig, resources: Resources) -> Aligner:
    from .aligner import FanAligner  # torch arrives here, not at discovery

    return FanAligner(config, resources)


@hookimpl
def understudy_aligners() -> Iterable[StageSpec[Aligner]]:
    """Offer FAN."""
    yield StageSpec(
        name="fan",
        summary="The heat-map aligner of DeepFaceLab and face-alignment (2DFAN-4); follows faces from frame to frame.",
        config=FanConfig,
        tiny=FanConfig(weights="untrained", precision="float32", stacks=1),
        build=_build,
        weights=(FAN_2D,),
        weights_for=lambda config: (FAN_2D,) if config.weights == "released" else (),
        follows=True,
    )
