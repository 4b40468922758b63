"""All that a plugin may import from Understudy.

``understudy_sdk.geometry``, ``.warp``, ``.blending``, ``.foreign`` and ``.augment`` hold tools for stages; ``.testing``
holds the contract tests. The names below are the contract itself.
"""

from .errors import ForeignFileError, InvalidValueError, MissingWeightsError, StageError, UnderstudyError
from .hooks import API_VERSION, hookimpl
from .stages import (
    CHANGEABLE,
    INPUT_PATH,
    Aligner,
    Detector,
    FollowingAligner,
    Masker,
    Merger,
    Model,
    Recognizer,
    Resources,
    StageConfig,
    StageSpec,
    TrainableModel,
    TrainingData,
)
from .types import (
    ClipPosition,
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
from .weights import SdistSource, UrlSource, WeightFile, WeightSource, WheelSource

__all__ = [
    "API_VERSION",
    "CHANGEABLE",
    "INPUT_PATH",
    "Aligner",
    "ClipPosition",
    "ColorDescription",
    "Crop",
    "CropSpec",
    "Detector",
    "Face",
    "FaceBatch",
    "FaceType",
    "FollowingAligner",
    "ForeignFileError",
    "Frame",
    "InvalidValueError",
    "Layer",
    "Mask",
    "Masker",
    "Merger",
    "MissingWeightsError",
    "Model",
    "Recognizer",
    "Region",
    "Resources",
    "SdistSource",
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
