"""All that a plugin may import from Understudy.

``understudy_sdk.geometry``, ``.warp``, ``.blending`` and ``.augment`` hold tools for stages; ``.testing`` holds the
contract tests. The names below are the contract itself.
"""

from .errors import InvalidValueError, MissingWeightsError, StageError, UnderstudyError
from .hooks import API_VERSION, hookimpl
from .stages import (
    CHANGEABLE,
    Aligner,
    Detector,
    Masker,
    Merger,
    Model,
    Resources,
    StageConfig,
    StageSpec,
    TrainableModel,
    TrainingData,
)
from .types import (
    ColorDescription,
    Crop,
    CropSpec,
    Face,
    FaceBatch,
    FaceType,
    Frame,
    Layer,
    Mask,
    Region,
    Side,
    Swap,
)
from .weights import UrlSource, WeightFile, WeightSource, WheelSource

__all__ = [
    "API_VERSION",
    "CHANGEABLE",
    "Aligner",
    "ColorDescription",
    "Crop",
    "CropSpec",
    "Detector",
    "Face",
    "FaceBatch",
    "FaceType",
    "Frame",
    "InvalidValueError",
    "Layer",
    "Mask",
    "Masker",
    "Merger",
    "MissingWeightsError",
    "Model",
    "Region",
    "Resources",
    "Side",
    "StageConfig",
    "StageError",
    "StageSpec",
    "Swap",
    "TrainableModel",
    "TrainingData",
    "UnderstudyError",
    "UrlSource",
    "WeightFile",
    "WeightSource",
    "WheelSource",
    "hookimpl",
]
