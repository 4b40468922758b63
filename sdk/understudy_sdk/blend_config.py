"""Which settings do the mergers share that blend a face into the frame?"""

from __future__ import annotations

from .mask_config import MaskConfig
from .placement_config import PlacementConfig
from .texture_config import TextureConfig

__all__ = ["BlendConfig", "PlainConfig"]


class PlainConfig(PlacementConfig, MaskConfig):
    """Where a face shows and where it lies; how it looks is left as it is."""


class BlendConfig(TextureConfig, PlainConfig):
    """How far the swapped face reaches, how softly it ends, where it lies, and how it is made to fit the footage."""
