"""Which figures does a comparison have, what do they mean, and which is the best of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from understudy.quality.measuring import Meaning

__all__ = ["COLUMNS", "best_of"]

COLUMNS: Final = {
    "detected": Meaning("Frames with a face", "%", True),
    "jitter": Meaning("Jitter of the landmarks", "px of 256", False),
    "reconstruction": Meaning("Reconstruction (HaarPSI)", "", True),
    "landmarks": Meaning("Landmark error of the swap", "% of the eyes' distance", False),
    "seam": Meaning("Seam energy", "levels of 255 per px", False),
    "flicker": Meaning("Flicker beyond the footage's", "levels of 255", False),
    "detect_s": Meaning("Detect", "s a frame", False),
    "align_s": Meaning("Align", "s a frame", False),
    "mask_s": Meaning("Mask", "s a frame", False),
    "swap_s": Meaning("Swap", "s a frame", False),
    "merge_s": Meaning("Merge", "s a frame", False),
    "memory_mb": Meaning("Peak memory", "MB", False),
    "device_mb": Meaning("Peak memory of the device", "MB", False),
}
"""All figures, by the names that records have, in the order in which a table shows them."""

_ALIKE: Final = 1e-9


def best_of(rows: Sequence[Mapping[str, float]]) -> dict[str, list[int]]:
    """Return the places of the rows that are best, by figure; none where all are alike or only one has it."""
    best = {}
    for name, meaning in COLUMNS.items():
        known = {place: row[name] for place, row in enumerate(rows) if name in row}
        if len(known) < 2 or max(known.values()) - min(known.values()) <= _ALIKE:
            continue
        top = max(known.values()) if meaning.is_more_better else min(known.values())
        best[name] = [place for place, value in known.items() if abs(value - top) <= _ALIKE]
    return best
