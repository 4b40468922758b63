"""Which settings has the MediaPipe detector, and which weights does it need?

MediaPipe's BlazeFace models (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
2019), run through LiteRT with pre- and post-processing of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from understudy_sdk import Detector, Resources, StageConfig, StageSpec, WeightFile, WheelSource, hookimpl

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
    """Settings of the MediaPipe detector. It runs on the CPU, whichever device the project asks for."""

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


def _build(config: MediaPipeDetectorConfig, resources: Resources) -> Detector:
    from .detector import MediaPipeDetector

    weight = FULL_RANGE if config.range == "full" else SHORT_RANGE
    return MediaPipeDetector(config, resources.weights(weight), resources.threads)


@hookimpl
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    """Offer the MediaPipe detector."""
    yield StageSpec(
        name="mediapipe",
        summary="Fast detector for faces near and far; runs on the CPU.",
        config=MediaPipeDetectorConfig,
        tiny=MediaPipeDetectorConfig(),
        build=_build,
        weights=(FULL_RANGE, SHORT_RANGE),
    )
