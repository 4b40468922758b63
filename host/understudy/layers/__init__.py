"""What does a compositor get beside the merged clip? A layer with alpha for every swap, its mask, and its matrices."""

from __future__ import annotations

from .checks import check_layers
from .finishing import finish_layer, is_finished, missing_layers
from .marks import is_there
from .plan import LayerPlan, layers_of
from .taker import LayerMaker

__all__ = [
    "LayerMaker",
    "LayerPlan",
    "check_layers",
    "finish_layer",
    "is_finished",
    "is_there",
    "layers_of",
    "missing_layers",
]
