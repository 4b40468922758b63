"""What did a layer do to a frame's samples, exactly?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .orientation import Box

__all__ = ["Laying", "PlaneChange"]


@dataclass(frozen=True, slots=True, eq=False)
class PlaneChange:
    """A part of one plane, before and by how much it changed.

    Attributes:
        left: Its first column in the plane.
        top: Its first row in the plane.
        before: The numbers as they were, float32 (h, w).
        step: What was added to each before rounding, float32 (h, w).
        where: Which of them changed; the others stayed as they were, whatever the step says.
    """

    left: int
    top: int
    before: npt.NDArray[np.float32]
    step: npt.NDArray[np.float32]
    where: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Laying:
    """A layer laid into a frame, as stored: not turned upright.

    Attributes:
        box: The region's place in the stored frame, in px.
        mask: float32 (h, w), 0 to 1.
        planes: Luma and the two chromas, or red, green and blue, or grey alone.
    """

    box: Box
    mask: npt.NDArray[np.float32]
    planes: tuple[PlaneChange, ...]
