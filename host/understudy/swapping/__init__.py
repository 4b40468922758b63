"""How are a swap's faces put into the frames that pass, each steadied by its neighbours where that is asked for?"""

from .faces import ReadySwap, SpanFaces, SwapOrder, mask_over_crop, reach
from .laid import Laid, LaidFaces
from .neighbours import Window
from .over_time import Held, SettingsOverTime, settings_over_time
from .passing import merged_frames, where_it_shows
from .shelf import MergerShelf
from .steadying import Neighbour, steadied_swap

__all__ = [
    "Held",
    "Laid",
    "LaidFaces",
    "MergerShelf",
    "Neighbour",
    "ReadySwap",
    "SettingsOverTime",
    "SpanFaces",
    "SwapOrder",
    "Window",
    "mask_over_crop",
    "merged_frames",
    "reach",
    "settings_over_time",
    "steadied_swap",
    "where_it_shows",
]
