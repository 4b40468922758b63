"""Which settings has the MediaPipe aligner, and which weights does it need?

MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019),
run through LiteRT with pre- and post-processing of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from understudy_sdk import Aligner, Resources, StageConfig, StageSpec, WeightFile, WheelSource, hookimpl

FACE_MESH: Final = WeightFile(
    name="face_landmark.tflite",
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    size=1_242_398,
    code_licence="Apache-2.0",
    weights_licence="Apache-2.0",
    commercial=True,
    sources=(WheelSource("mediapipe==0.10.21", "mediapipe/modules/face_landmark/face_landmark.tflite"),),
)


class MediaPipeAlignerConfig(StageConfig):
    """Settings of the MediaPipe aligner. It runs on the CPU, whichever device the project asks for."""

    min_presence: Annotated[
        float,
        Field(
            ge=0, le=1, description="Faces are left out where the network is less sure, in any pass, that one is there."
        ),
    ] = 0.5
    passes: Annotated[
        Literal[1, 2],
        Field(
            description="2: place the mesh again in a crop centred by the first mesh, steadier and closer. "
            "Faces from a detector that does not know the eyes always get two."
        ),
    ] = 2


def _build(config: MediaPipeAlignerConfig, resources: Resources) -> Aligner:
    from .aligner import MediaPipeAligner

    return MediaPipeAligner(config, resources.weights(FACE_MESH), resources.threads)


@hookimpl
def understudy_aligners() -> Iterable[StageSpec[Aligner]]:
    """Offer the MediaPipe aligner."""
    yield StageSpec(
        name="mediapipe",
        summary="Dense mesh of 468 points and the 68 of iBUG derived from it; runs on the CPU.",
        config=MediaPipeAlignerConfig,
        tiny=MediaPipeAlignerConfig(),
        build=_build,
        weights=(FACE_MESH,),
    )
