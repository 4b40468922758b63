"""How does a merge look at chosen frames, and how would it look with other settings? Without touching the output."""

from .comparing import Looked, look_at
from .positions import parse_positions
from .rendering import RenderedFrame, rendered_frames
from .singles import write_frames
from .variants import Variant, variants_of

__all__ = [
    "Looked",
    "RenderedFrame",
    "Variant",
    "look_at",
    "parse_positions",
    "rendered_frames",
    "variants_of",
    "write_frames",
]
