"""How much do two boxes have in common?"""

from __future__ import annotations

import numpy as np

from understudy_sdk.types import F32

__all__ = ["overlap"]


def overlap(one: F32, other: F32) -> float:
    """Return the intersection over union of two boxes, float32 (4,), x0 y0 x1 y1: 0 apart, 1 the same."""
    extent = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    common = float(extent[0] * extent[1])
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return common / (areas - common)
