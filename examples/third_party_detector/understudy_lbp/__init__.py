"""Which settings has the detector lbp, and how is it offered?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from understudy_sdk import Detector, Resources, StageConfig, StageSpec, hookimpl

__all__ = ["LbpConfig", "understudy_detectors"]


class LbpConfig(StageConfig):
    """Settings of the detector lbp."""

    longest_px: Annotated[
        int, Field(ge=64, le=4096, description="Larger frames are shrunk to this longer side, in px, and looked at so.")
    ] = 480
    min_face_px: Annotated[
        int, Field(ge=24, le=2048, description="Smaller faces are not looked for; in the shrunk frame's px.")
    ] = 40
    scale_step: Annotated[
        float, Field(gt=1, le=2, description="How much larger the window becomes from one pass to the next.")
    ] = 1.2
    neighbours: Annotated[
        int, Field(ge=1, le=20, description="How many windows have to agree on a face; more find fewer false ones.")
    ] = 4


def _build(config: LbpConfig, _resources: Resources) -> Detector:
    from .detector import LbpDetector  # scikit-image and OpenCV arrive here

    return LbpDetector(config)


@hookimpl
def understudy_detectors() -> Iterable[StageSpec[Detector]]:
    """Offer lbp."""
    yield StageSpec(
        name="lbp",
        summary="scikit-image's cascade of local binary patterns; upright frontal faces, no download.",
        config=LbpConfig,
        tiny=LbpConfig(),
        build=_build,
        api_version=1,
    )
