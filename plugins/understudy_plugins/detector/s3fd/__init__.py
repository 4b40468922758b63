"""Which settings has the S3FD detector, and which weights does it need?

Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", 2017, with pre- and post-processing as DeepFaceLab
users know it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from understudy_sdk import (
    INPUT_PATH,
    Detector,
    Resources,
    StageConfig,
    StageSpec,
    UrlSource,
    WeightFile,
    hookimpl,
)

RELEASED: Final = WeightFile(
    name="s3fd-619a316812.pth",
    sha256="619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543",
    size=89_843_225,
    code_licence="BSD-3-Clause",
    weights_licence="no licence stated; trained on WIDER FACE, whose pictures are for research alone",
    commercial=False,
    sources=(
        UrlSource("https://www.adrianbulat.com/downloads/python-fan/s3fd-619a316812.pth"),
        UrlSource(
            "https://huggingface.co/ByteDance/LatentSync/resolve/405eda8eab9f65c1a6e0c292a5dee5a08089e2ae"
            "/auxiliary/s3fd-619a316812.pth"
        ),
    ),
)


class S3FDConfig(StageConfig):
    """Settings of the S3FD detector."""

    weights: Annotated[
        Literal["released", "untrained", "file"],
        Field(description="released: the published network. file: that of weights_file. untrained: for tests."),
    ] = "released"
    weights_file: Annotated[
        str,
        Field(
            description="With weights: file, the file to read: DeepFaceLab's S3FD.npy, face-alignment's .pth, or "
            "safetensors with the same names.",
            json_schema_extra=INPUT_PATH,
        ),
    ] = ""
    weights_sha256: Annotated[
        str,
        Field(pattern=r"^([0-9a-f]{64})?$", description="The checksum that weights_file must have; required with it."),
    ] = ""
    min_score: Annotated[float, Field(ge=0, le=1, description="Weaker faces are dropped.")] = 0.5
    min_size_px: Annotated[
        int, Field(ge=0, description="Faces whose box has a shorter side, in px of the frame, are dropped.")
    ] = 40
    iou: Annotated[
        float,
        Field(gt=0, le=1, description="Boxes that overlap more than this (intersection over union) are one face."),
    ] = 0.3
    search_size: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=64, le=4096)],
        Field(
            description="The long side, in px, that frames are scaled to before the search. auto: half the frame's, at "
            "least 64 and at most 640 px. Smaller faces are found where it is larger; time grows with its square."
        ),
    ] = "auto"
    min_frame_px: Annotated[
        int,
        Field(ge=0, description="Frames whose short side is smaller are not searched. DeepFaceLab has 128 here."),
    ] = 0
    rotations: Annotated[
        tuple[Literal[0, 90, 180, 270], ...],
        Field(
            min_length=1,
            description="Turns of the frame, clockwise in degrees, that are searched one after the other until one "
            "shows a face. DeepFaceLab has [0, 90, 270, 180]; each costs frames without a face one more search.",
        ),
    ] = (0,)
    channel_order: Annotated[
        Literal["bgr", "rgb"],
        Field(
            description="bgr: as the network was trained. rgb: as DeepFaceLab feeds it, for the rectangles that "
            "DeepFaceLab finds."
        ),
    ] = "bgr"
    whole_pixels: Annotated[
        bool, Field(description="Cut boxes down to whole pixels at the search size and at the frame's, as DeepFaceLab.")
    ] = False
    extend_chin: Annotated[
        float, Field(ge=0, le=1, description="How far boxes are lengthened downwards, in parts of their height.")
    ] = 0.1
    precision: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        Field(
            description="Numbers the network counts with; auto takes 16-bit ones where the device has them in "
            "hardware, which moves boxes by fractions of a pixel."
        ),
    ] = "auto"

    @model_validator(mode="after")
    def _check_file(self) -> S3FDConfig:
        if (self.weights == "file") != bool(self.weights_file):
            raise ValueError("weights: file and weights_file go together")
        if self.weights_sha256 and not self.weights_file:
            raise ValueError("weights_sha256 is the checksum of weights_file, which is missing")
        return self


def _build(config: S3FDConfig, resources: Resources) -> Detector:
    from .detector import S3FDDetector
    from .weights import read_weights, untrained_weights

    if config.weights == "untrained":
        return S3FDDetector(config, untrained_weights(), resources)
    return S3FDDetector(config, read_weights(config, resources), resources)


@hookimpl
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    """Offer the S3FD detector."""
    yield StageSpec(
        name="s3fd",
        summary="Thorough detector, sure of small and turned faces; made for a GPU. Weights are for research alone.",
        config=S3FDConfig,
        tiny=S3FDConfig(weights="untrained", search_size=64, min_size_px=0, precision="float32"),
        build=_build,
        weights=(RELEASED,),
        weights_for=lambda config: (RELEASED,) if config.weights == "released" else (),
    )
