"""Which settings has the MediaPipe detector, and which weights does it need?

MediaPipe's BlazeFace models (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
2019), run through LiteRT, or through torch on a GPU, with pre- and post-processing of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from understudy_sdk import Detector, Resources, StageConfig, StageSpec, WeightFile, WheelSource, hookimpl
from understudy_sdk.tflite import Precision, Runtime

_WHEEL: Final = "mediapipe==0.10.21"

FULL_RANGE: Final = WeightFile(
    name="face_detection_full_range_sparse.tflite",
    sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    size=676_746,
    code_licence="Apache-2.0",
    weights_licence="Apache-2.0",
    commercial=True,
    sources=(WheelSource(_WHEEL, "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite"),),
)

SHORT_RANGE: Final = WeightFile(
    name="face_detection_short_range.tflite",
    sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    size=229_714,
    code_licence="Apache-2.0",
    weights_licence="Apache-2.0",
    commercial=True,
    sources=(WheelSource(_WHEEL, "mediapipe/modules/face_detection/face_detection_short_range.tflite"),),
)


class MediaPipeDetectorConfig(StageConfig):
    """Settings of the MediaPipe detector."""

    range: Annotated[
        Literal["full", "short"],
        Field(description="full: finds faces from 8 % of the picture's long side on. short: close-ups only, faster."),
    ] = "full"
    min_score: Annotated[float, Field(ge=0, le=1, description="Weaker faces are dropped.")] = 0.5
    min_size_px: Annotated[
        int, Field(ge=0, description="Faces whose box is narrower, in px of the frame, are dropped.")
    ] = 0
    iou: Annotated[
        float,
        Field(gt=0, le=1, description="Boxes that overlap more than this (intersection over union) are one face."),
    ] = 0.3
    tiles: Annotated[
        Literal["auto", "off"] | Annotated[int, Field(ge=128, le=8192)],
        Field(
            description="Search large frames in overlapping square tiles too, for small faces: a tile's side in px; "
            "or auto: a third of the long side, at least 640 px. Costs one more search per tile. Tiles smaller than a "
            "sixth of the long side leave a gap: faces too large for a tile, too small for the whole."
        ),
    ] = "off"
    rotations: Annotated[
        Literal["never", "unsure", "always"],
        Field(
            description="Search the frame turned by 90, 180 and 270 degrees too, for heads that lie or stand on their "
            "heads: three more searches per search. unsure: only where the upright frame shows no face that scores "
            "0.75 or more."
        ),
    ] = "never"
    runtime: Annotated[
        Runtime,
        Field(
            description="litert: on the CPU, one picture at a time on each thread. torch: all pictures of a call at "
            "once, on the project's device. auto: torch on a GPU, else litert. Both networks' boxes agree to 0.001 px."
        ),
    ] = "auto"
    precision: Annotated[
        Precision,
        Field(
            description="What torch computes in. float16 is faster on some GPUs and moves boxes by up to a quarter of "
            "a px of the network's 192. LiteRT has float32 alone."
        ),
    ] = "float32"


def _weights_for(config: MediaPipeDetectorConfig) -> tuple[WeightFile]:
    return (FULL_RANGE if config.range == "full" else SHORT_RANGE,)


def _build(config: MediaPipeDetectorConfig, resources: Resources) -> Detector:
    from understudy_sdk.tflite import open_network

    from .detector import MediaPipeDetector

    (weights,) = _weights_for(config)
    path = resources.weights(weights)
    network = open_network(
        path, resources, scale=1 / 127.5, shift=-1.0, runtime=config.runtime, precision=config.precision
    )
    return MediaPipeDetector(config, network)


@hookimpl
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    """Offer the MediaPipe detector."""
    yield StageSpec(
        name="mediapipe",
        summary="Fast detector for faces near and far, upright or turned.",
        config=MediaPipeDetectorConfig,
        tiny=MediaPipeDetectorConfig(),
        build=_build,
        weights=(FULL_RANGE, SHORT_RANGE),
        weights_for=_weights_for,
    )
