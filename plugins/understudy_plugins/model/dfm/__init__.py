"""Which model plays a finished DFM file, and with which settings?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from understudy_sdk import (
    CHANGEABLE,
    DECIDES_SWAP,
    INPUT_PATH,
    FaceType,
    Model,
    Resources,
    StageConfig,
    StageSpec,
    hookimpl,
)
from understudy_sdk.onnx_files.needing import needing_onnxruntime

__all__ = ["DFMConfig", "understudy_models"]


class DFMConfig(StageConfig):
    """Settings of the player of DFM files."""

    file: Annotated[
        str,
        Field(
            json_schema_extra=INPUT_PATH,
            description="The DFM file to play: an ONNX file as DeepFaceLab exports it from SAEHD and AMP. Required.",
        ),
    ] = ""
    sha256: Annotated[
        str,
        Field(
            pattern=r"^([0-9a-f]{64})?$",
            description="The checksum that the file must have; left empty, any file is taken.",
        ),
    ] = ""
    face_type: Annotated[
        FaceType,
        Field(description="How much of the head the file was trained on. The file does not say; its author does."),
    ] = FaceType.WHOLE_FACE
    morph: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="For AMP's files alone: from the target's own face (0) to the source's (1). Left out, it is 1.",
            json_schema_extra=DECIDES_SWAP,
        ),
    ] = None
    batch_size: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="Faces that go through at a time, where the file admits more than one.",
            json_schema_extra=CHANGEABLE,
        ),
    ] = 4
    runs_on: Annotated[
        Literal["project", "cpu"],
        Field(description="project: on the project's device. cpu: on the CPU, whatever the other stages use."),
    ] = "project"
    weights: Annotated[
        Literal["file", "untrained"],
        Field(description="file: what the file holds. untrained: faces come back as they are, at 64 px; for tests."),
    ] = "file"

    @model_validator(mode="after")
    def _check_file(self) -> DFMConfig:
        if self.weights == "file" and not self.file:
            raise ValueError("file is missing: the DFM file to play, by its path from the project file")
        if self.weights == "untrained" and (self.file or self.sha256):
            raise ValueError("weights: untrained plays no file; drop file and sha256, or drop weights")
        return self


def _build(config: DFMConfig, resources: Resources) -> Model:
    with needing_onnxruntime("the model 'dfm'"):
        from .model import DFMModel
    return DFMModel(config, resources)


@hookimpl
def understudy_models() -> Iterable[StageSpec[Model]]:
    """Offer the player of DFM files."""
    yield StageSpec(
        name="dfm",
        summary="Plays a finished DFM file of DeepFaceLab (SAEHD, AMP); needs no training.",
        config=DFMConfig,
        tiny=DFMConfig(weights="untrained"),
        build=_build,
    )
