"""How are a swap's faces put into the frames that pass, each steadied by its neighbours where that is asked for?"""

from .faces import ReadySwap, SpanFaces, mask_over_crop, reach
from .laid import Laid, LaidFaces
from .neighbours import BATCH_FRAMES, Window
from .passing import merged_frames, widened_spans
from .steadying import Neighbour, steadied_swap

__all__ = [
    "BATCH_FRAMES",
    "Laid",
    "LaidFaces",
    "Neighbour",
    "ReadySwap",
    "SpanFaces",
    "Window",
    "mask_over_crop",
    "merged_frames",
    "reach",
    "steadied_swap",
    "widened_spans",
]
