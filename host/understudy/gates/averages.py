"""What do merged frames measure on average?"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from .figures import FrameFigures
from .limits import MEASURES

__all__ = ["mean_figures"]


def mean_figures(
    frames: Iterable[FrameFigures], positions: Collection[int] | None = None, swap: int | None = None
) -> dict[str, float]:
    """Return the mean of each measure over the faces of some frames, by name; what was measured of none is left out.

    Args:
        frames: The figures.
        positions: Of the frames that count; all unless given.
        swap: The position of the swap that counts; all unless given.
    """
    chosen = [one for one in frames if positions is None or one.frame in positions]
    faces = [face for one in chosen for face in one.faces if swap is None or face.swap == swap]
    found = {}
    for name in (*MEASURES, "seam_added"):
        known = [getattr(face, name) for face in faces if getattr(face, name) is not None]
        if known:
            found[name] = float(np.mean(known))
    return found
