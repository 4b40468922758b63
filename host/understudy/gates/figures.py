"""What is measured of a merged frame and of each face in it, and how is it written down?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

__all__ = ["FaceFigures", "FrameFigures"]


@dataclass(frozen=True, slots=True)
class FaceFigures:
    """What is measured of one merged face; None where it cannot be.

    Attributes:
        swap: The swap's position in the project.
        track: The track it is on, or ``NO_TRACK``.
        name: The face's name in the target's faceset.
        box: The face's box in the frame, x0 y0 x1 y1 in px.
        seam: How much steeper brightness runs along the mask's edge than in the clip: 1 is as steep.
        seam_added: The gradient there of what the swap adds, in levels of 255 per px.
        color: Colour difference between merged and target face inside the mask, CIEDE2000.
        flicker: Change from the frame before inside the mask, beyond that of the target's own, in levels of 255.
        sharpness: Fine detail inside against a ring around, over the same in the clip: 1 is as sharp.
    """

    swap: int
    track: int
    name: str
    box: tuple[float, float, float, float]
    seam: float | None = None
    seam_added: float | None = None
    color: float | None = None
    flicker: float | None = None
    sharpness: float | None = None

    def row(self) -> dict[str, Any]:
        """Return it as JSON values, figures with four digits; what was not measured is left out."""
        row = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}
        row["box"] = [round(edge, 1) for edge in self.box]
        return {name: value for name, value in row.items() if value is not None}

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Read what ``row`` gave; what is not known here is passed over."""
        known = {field.name for field in fields(cls)}
        found = {name: value for name, value in row.items() if name in known}
        return cls(**(found | {"box": tuple(found["box"])}))


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """What is measured of one merged frame.

    Attributes:
        frame: Its position in the clip, from 0.
        outside: How many samples changed that lie under no mask; 0 is what is promised.
        is_whole: Whether all of the picture was compared for that, not only what lies around the faces.
        faces: Its faces, in the order in which they were laid.
    """

    frame: int
    outside: int
    is_whole: bool
    faces: tuple[FaceFigures, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "frame": self.frame,
            "outside": self.outside,
            "whole": self.is_whole,
            "faces": [face.row() for face in self.faces],
        }

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Read what ``row`` gave."""
        faces = tuple(map(FaceFigures.of, row["faces"]))
        return cls(int(row["frame"]), int(row["outside"]), bool(row["whole"]), faces)
