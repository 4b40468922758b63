"""Which enhancer plays face restorers that are ONNX files, and with which settings?

GFPGAN: X. Wang et al., "Towards Real-World Blind Face Restoration with Generative Facial Prior", CVPR 2021. CodeFormer:
S. Zhou et al., "Towards Robust Blind Face Restoration with Codebook Lookup Transformer", NeurIPS 2022. GPEN: T. Yang et
al., "GAN Prior Embedded Network for Blind Face Restoration in the Wild", CVPR 2021. RestoreFormer: Z. Wang et al.,
"RestoreFormer: High-Quality Blind Face Restoration from Undegraded Key-Value Pairs", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from understudy_sdk import (
    INPUT_PATH,
    Enhancer,
    Resources,
    StageConfig,
    StageSpec,
    UrlSource,
    WeightFile,
    hookimpl,
)
from understudy_sdk.onnx_files.needing import needing_onnxruntime

__all__ = ["GFPGAN", "OnnxRestorerConfig", "understudy_enhancers"]

GFPGAN: Final = WeightFile(
    name="GFPGANv1.4.onnx",
    sha256="cd7311b8d9e13cdb1e208b12363182da58c7bf45e26d1aa67bbeac4751aae92e",
    size=340_256_686,
    code_licence="Apache-2.0",
    weights_licence="Apache-2.0; trained on FFHQ, whose pictures are CC-BY-NC-SA-4.0",
    commercial=False,
    sources=(UrlSource("https://huggingface.co/neurobytemind/GFPGANv1.4.onnx/resolve/main/GFPGANv1.4.onnx"),),
)


class OnnxRestorerConfig(StageConfig):
    """Settings of the player of face restorers."""

    weights: Annotated[
        Literal["file", "gfpgan", "untrained"],
        Field(
            description="file: the restorer that file names. gfpgan: GFPGAN 1.4 as published; see its licence. "
            "untrained: faces come back as they are; for tests."
        ),
    ] = "file"
    file: Annotated[
        str,
        Field(
            json_schema_extra=INPUT_PATH,
            description="The restorer to play: an ONNX file of GFPGAN, CodeFormer, GPEN, RestoreFormer or the like.",
        ),
    ] = ""
    sha256: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{64})?$",
            description="The checksum that the file must have; left empty, any file is taken.",
        ),
    ] = ""
    size: Annotated[
        int, Field(ge=64, le=2048, description="Side of the face that is given, in px; about as large as in the frame.")
    ] = 512
    amount: Annotated[
        float, Field(ge=0, le=1, description="From the face as the model drew it (0) to the restored one (1).")
    ] = 0.8
    fidelity: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="For CodeFormer alone, its w: from the better picture (0) to the more alike one (1). Left out, "
            "it is 0.7.",
        ),
    ] = None
    runs_on: Annotated[
        Literal["project", "cpu"],
        Field(description="project: on the project's device. cpu: on the CPU, whatever the other stages use."),
    ] = "project"

    @model_validator(mode="after")
    def _check_file(self) -> OnnxRestorerConfig:
        if self.weights == "file" and not self.file:
            raise ValueError("file is missing: the restorer to play, by its path from the project file")
        if self.weights != "file" and (self.file or self.sha256):
            raise ValueError(f"weights: {self.weights} plays no file of yours; drop file and sha256, or drop weights")
        return self


def _build(config: OnnxRestorerConfig, resources: Resources) -> Enhancer:
    with needing_onnxruntime("the enhancer 'onnx_restorer'"):
        from .enhancer import OnnxRestorer
    return OnnxRestorer(config, resources)


@hookimpl
def understudy_enhancers() -> Iterable[StageSpec[Enhancer]]:
    """Offer the player of face restorers."""
    yield StageSpec(
        name="onnx_restorer",
        summary="Plays a face restorer that is an ONNX file: GFPGAN, CodeFormer, GPEN, RestoreFormer.",
        config=OnnxRestorerConfig,
        tiny=OnnxRestorerConfig(weights="untrained", size=96),
        build=_build,
        weights=(GFPGAN,),
        weights_for=lambda config: (GFPGAN,) if config.weights == "gfpgan" else (),
    )
