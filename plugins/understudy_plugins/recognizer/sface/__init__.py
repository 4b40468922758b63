"""Which settings has the SFace recognizer, and which weights does it need?

Y. Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", IEEE TIP 30, 2021; the
network published in OpenCV's model zoo, run by OpenCV.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from understudy_sdk import Recognizer, Resources, StageConfig, StageSpec, UrlSource, WeightFile, hookimpl

__all__ = ["SFACE", "SFaceConfig", "understudy_recognizers"]

SFACE: Final = WeightFile(
    name="face_recognition_sface_2021dec.onnx",
    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    size=38_696_353,
    code_licence="Apache-2.0",
    weights_licence="Apache-2.0",
    commercial=True,
    sources=(
        UrlSource(
            "https://huggingface.co/opencv/face_recognition_sface/resolve/3d7082438a6e4551e840c9b2bb60b71e8da4b524/"
            "face_recognition_sface_2021dec.onnx"
        ),
        UrlSource(
            "https://media.githubusercontent.com/media/opencv/opencv_zoo/47534e27c9851bb1128ccc0102f1145e27f23f98/"
            "models/face_recognition_sface/face_recognition_sface_2021dec.onnx"
        ),
    ),
)


class SFaceConfig(StageConfig):
    """Settings of the SFace recognizer. It runs on the CPU, whichever device the project asks for."""

    same_person: Annotated[
        float,
        Field(
            ge=-1,
            le=1,
            description="Faces at least this alike are taken for one person; 0.363 is the value its publishers found.",
        ),
    ] = 0.363


def _build(config: SFaceConfig, resources: Resources) -> Recognizer:
    from .recognizer import SFaceRecognizer

    return SFaceRecognizer(config, resources.weights(SFACE))


@hookimpl
def understudy_recognizers() -> Iterable[StageSpec[Recognizer]]:
    """Offer SFace."""
    yield StageSpec(
        name="sface",
        summary="Small recognition network of OpenCV's model zoo; runs on the CPU.",
        config=SFaceConfig,
        tiny=SFaceConfig(),
        build=_build,
        weights=(SFACE,),
    )
