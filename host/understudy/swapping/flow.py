"""How does what one crop shows lie in another crop of the same face, and how far can that be trusted?

Dense optical flow by inverse search (T. Kroeger and others, "Fast Optical Flow using Dense Inverse Search", ECCV 2016),
as OpenCV has it, between grey crops. Crops are aligned, so what is left to find is the face's expression, its turning
and the aligner's trembling. Trusted is a place whose way there and back ends where it began, and which looks there as
it looks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from understudy_sdk.types import F32, U8

__all__ = ["FlowFinder", "Motion", "blurred", "resized"]

_SIDES: Final = (64, 256)  # least and most px at which flow is sought: below it finds nothing, above little more
_UNIT: Final = 96.0  # lengths below are px of a crop of this side

# The way there and back misses its beginning by some tenths of a px where all is well, and by several at a lid that
# closes; the more, the longer the way.
_MISS: Final = 0.6
_MISS_SHARE: Final = 0.15
# A place and its counterpart differ by a camera's noise, and by more where they are full of contrast.
_UNLIKE: Final = 3.0  # of 255
_UNLIKE_SHARE: Final = 0.25  # of the local contrast
_LOOK: Final = 1.5  # how much around a place is looked at
_CONTRAST_LOOK: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the places of one crop lie in another.

    Attributes:
        flow: float32 (s, s, 2), x y in px of a crop of side s: what is at p here is at p + flow there.
        trust: float32 (s, s), 0 to 1.
    """

    flow: F32
    trust: F32

    def bring(self, there: F32) -> F32:
        """Return a picture of the other crop's square as it lies in this one's.

        Args:
            there: float32 (S, S) or (S, S, C), of any side.
        """
        side = there.shape[0]
        ways = resized(self.flow, side) * np.float32(side / len(self.flow))
        places = _grid(side) + ways
        moved = cv2.remap(there, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    def trust_at(self, side: int) -> F32:
        """Return the trust in a square of another side, float32 (side, side)."""
        return resized(self.trust, side)


class FlowFinder:
    """Finds motions between crops; keeps what the search needs between calls."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def between(self, here: U8, there: U8) -> tuple[Motion, Motion]:
        """Return the motion from one crop to another, and that back.

        Args:
            here: uint8 (S, S, 3), RGB.
            there: uint8 (S, S, 3), RGB.
        """
        first, second = _grey(here), _grey(there)
        forth, back = self._flow(first, second), self._flow(second, first)
        return Motion(forth, _trust(first, second, forth, back)), Motion(back, _trust(second, first, back, forth))

    def _flow(self, first: U8, second: U8) -> F32:
        return np.asarray(self._search.calc(first, second, None), np.float32)  # type: ignore[call-overload]


def blurred(picture: F32, sigma: float) -> F32:
    """Return a picture under a Gaussian of so many px of a crop of 96 px; scaled to the picture's own side."""
    scaled = sigma * picture.shape[0] / _UNIT
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), scaled, borderType=cv2.BORDER_REPLICATE), np.float32)


def resized(picture: F32, side: int) -> F32:
    """Return a square picture at another side: averaged where it shrinks, linear where it grows."""
    if picture.shape[0] == side:
        return picture
    way = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.float32)


def _grey(rgb: U8) -> U8:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    side = int(np.clip(len(grey), *_SIDES))
    if side != len(grey):
        way = cv2.INTER_AREA if side < len(grey) else cv2.INTER_LINEAR
        grey = cv2.resize(grey, (side, side), interpolation=way)
    return np.asarray(grey, np.uint8)


def _trust(here: U8, there: U8, forth: F32, back: F32) -> F32:
    """Return how far each place's motion can be trusted, float32 (s, s), 0 to 1."""
    side = len(here)
    way = Motion(forth, forth[..., 0])
    missed = np.linalg.norm(forth + way.bring(back), axis=-1)
    allowed = _MISS * side / _UNIT + _MISS_SHARE * np.linalg.norm(forth, axis=-1)
    seen, met = here.astype(np.float32), way.bring(there.astype(np.float32))
    unlike = np.sqrt(blurred(np.square(blurred(seen - met, 0.7)), _LOOK))
    mean = blurred(seen, _CONTRAST_LOOK)
    contrast = np.sqrt(np.maximum(blurred(np.square(seen), _CONTRAST_LOOK) - np.square(mean), 0.0))
    accepted = _UNLIKE + _UNLIKE_SHARE * contrast
    return np.asarray(np.exp(-np.square(missed / allowed) - np.square(unlike / accepted)), np.float32)


def _grid(side: int) -> F32:
    """Return each pixel's own place, float32 (side, side, 2), x y."""
    line = np.arange(side, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), axis=-1)
