"""How is ProRes 4444 written, and what does it hold?"""

from __future__ import annotations

from typing import Final

__all__ = ["ALPHA_TOP", "EMPTY", "ENCODING", "FACE_FORMAT", "LEAST", "MASK_FORMAT", "MOST"]

FACE_FORMAT: Final = "yuva444p10le"
MASK_FORMAT: Final = "yuv444p10le"

ENCODING: Final = {"profile": "4444xq", "flags": "+qscale", "global_quality": "118", "quant_mat": "default"}
"""The finest that the encoder has: the least quantiser (118 is FFmpeg's word for 1) and the flattest matrix."""

ALPHA_TOP: Final = 1023
LEAST, MOST = 4, 1019
"""The least and the greatest number of luma and chroma."""

EMPTY: Final = (64, 512, 512, 0)
"""Luma, chroma and alpha of what nothing covers: black, and transparent."""
