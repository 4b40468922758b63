"""Which settings has the dlib recognizer, and which weights does it need?

D. E. King, "High Quality Face Recognition with Deep Metric Learning", 2017: a residual network of 29 convolutions that
learnt from three million faces; its weights are in the public domain. The network is built and read here, dlib itself
is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from understudy_sdk import Recognizer, Resources, SdistSource, StageConfig, StageSpec, UrlSource, WeightFile, hookimpl

__all__ = ["DLIB_RESNET", "DlibConfig", "understudy_recognizers"]

_FILE: Final = "dlib_face_recognition_resnet_model_v1.dat"

DLIB_RESNET: Final = WeightFile(
    name=_FILE,
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    size=22_466_066,
    code_licence="BSL-1.0",
    weights_licence="CC0-1.0",
    commercial=True,
    sources=(
        SdistSource(
            "face_recognition_models==0.3.0",
            "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
            f"face_recognition_models-0.3.0/face_recognition_models/models/{_FILE}",
        ),
        UrlSource(
            "https://github.com/ageitgey/face_recognition_models/raw/master/face_recognition_models/models/" + _FILE
        ),
    ),
)


class DlibConfig(StageConfig):
    """Settings of the dlib recognizer."""

    same_person: Annotated[
        float,
        Field(
            ge=-1,
            le=1,
            description="Faces at least this alike are taken for one person. The network's vectors all lie close "
            "together: 0.92 is about the distance of 0.6 that dlib compares single pictures with; averages of several "
            "faces lie closer.",
        ),
    ] = 0.95


def _build(config: DlibConfig, resources: Resources) -> Recognizer:
    from .recognizer import DlibRecognizer

    return DlibRecognizer(config, resources.weights(DLIB_RESNET), resources)


@hookimpl
def understudy_recognizers() -> Iterable[StageSpec[Recognizer]]:
    """Offer dlib's network."""
    yield StageSpec(
        name="dlib",
        summary="dlib's recognition network with public-domain weights; tells many people apart.",
        config=DlibConfig,
        tiny=DlibConfig(),
        build=_build,
        weights=(DLIB_RESNET,),
    )
