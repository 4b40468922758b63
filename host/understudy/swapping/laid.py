"""What was laid into which frame? For those who make more of a merge than the clip: layers, figures, sheets."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.video import Laying
from understudy_sdk import Crop, Layer, Region

__all__ = ["Laid", "LaidFaces"]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A face that was laid into a frame.

    Attributes:
        swap: The swap's position in the project.
        name: The face's name in the target's faceset.
        track: The track it is on, or ``NO_TRACK``.
        frame: The frame's position in the clip.
        crop: The target's face as the model saw it; its ``frame_to_crop`` places the square in the frame.
        region: The frame around the face as the merger saw it, with what earlier swaps laid there.
        shown: The part of it that was laid over.
        layer: What was laid over that part, the watermark included.
        box: The face's box in the frame, x0 y0 x1 y1 in px.
        laying: What that did to the frame's samples.
    """

    swap: int
    name: str
    track: int
    frame: int
    crop: Crop
    region: Region
    shown: Region
    layer: Layer
    box: tuple[float, float, float, float]
    laying: Laying


class LaidFaces:
    """Keeps what is laid into the frames of a span, until each frame has passed."""

    def __init__(self, span: tuple[int, int]) -> None:
        """Take the first frame and the frame after the last; what is laid into others is not kept."""
        self._span = span
        self._kept: dict[int, list[Laid]] = {}
        self._words: dict[int, Laying] = {}

    def add(self, laid: Laid) -> None:
        """Keep one face, in the order in which they are laid."""
        if self._span[0] <= laid.frame < self._span[1]:
            self._kept.setdefault(laid.frame, []).append(laid)

    def taken(self, frame: int) -> list[Laid]:
        """Return what was laid into a frame, in order, and forget it."""
        return self._kept.pop(frame, [])

    def add_words(self, frame: int, laying: Laying) -> None:
        """Keep what words laid over a frame, after all faces, did to it."""
        if self._span[0] <= frame < self._span[1]:
            self._words[frame] = laying

    def words_taken(self, frame: int) -> Laying | None:
        """Return what words did to a frame, or None where there are none, and forget it."""
        return self._words.pop(frame, None)
