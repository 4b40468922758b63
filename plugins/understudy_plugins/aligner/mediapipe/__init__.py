"""Which settings has the MediaPipe aligner, and which weights does it need?

MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019),
run through LiteRT, or through torch on a GPU, with pre- and post-processing of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from understudy_sdk import Aligner, Resources, StageConfig, StageSpec, WeightFile, WheelSource, hookimpl
from understudy_sdk.tflite import Precision, Runtime

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
    """Settings of the MediaPipe aligner."""

    min_presence: Annotated[
        float,
        Field(
            ge=0, le=1, description="Faces are left out where the network is less sure, in any pass, that one is there."
        ),
    ] = 0.5
    max_wander: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Of faces that the network is not quite sure of (below 0.99), those are left out whose "
            "landmarks move by more between two passes, as a share of the face's size: patterns that are no face. "
            "1 keeps all.",
        ),
    ] = 0.03
    passes: Annotated[
        Literal[1, 2, 3],
        Field(
            description="How often the mesh is placed, each time in a crop centred by the mesh before: steadier and "
            "closer. After 3 it lies where following it from the neighbouring frame would lead too. Faces from a "
            "detector that does not know the eyes always get two; a followed face gets one, and unless this is 1 a "
            "second where it moved."
        ),
    ] = 3
    runtime: Annotated[
        Runtime,
        Field(
            description="litert: on the CPU, one face at a time on each thread. torch: all faces of a call at once, on "
            "the project's device. auto: torch on a GPU, else litert. Both networks' points agree to 0.001 px."
        ),
    ] = "auto"
    precision: Annotated[
        Precision,
        Field(
            description="What torch computes in. float16 is faster on some GPUs and moves points by up to a tenth of a "
            "px of the network's 192. LiteRT has float32 alone."
        ),
    ] = "float32"


def _build(config: MediaPipeAlignerConfig, resources: Resources) -> Aligner:
    from understudy_sdk.tflite import open_network

    from .aligner import MediaPipeAligner

    path = resources.weights(FACE_MESH)
    network = open_network(
        path, resources, scale=1 / 255, shift=0.0, runtime=config.runtime, precision=config.precision
    )
    return MediaPipeAligner(config, network)


@hookimpl
def understudy_aligners() -> Iterable[StageSpec[Aligner]]:
    """Offer the MediaPipe aligner."""
    yield StageSpec(
        name="mediapipe",
        summary="Dense mesh of 468 points and the 68 of iBUG derived from it; follows faces from frame to frame.",
        config=MediaPipeAlignerConfig,
        tiny=MediaPipeAlignerConfig(),
        build=_build,
        weights=(FACE_MESH,),
        follows=True,
        gives_mesh=True,
        revision=2,
    )
