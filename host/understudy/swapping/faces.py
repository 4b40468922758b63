"""Which faces of a clip does a swap change, with what, and where do they lie?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from understudy.faceset import FaceRow, Faceset
from understudy.learning import chosen_faces
from understudy.pictures import decode_mask
from understudy.project import Chosen, ChosenSwap
from understudy.provenance.marking import FaceMark
from understudy.selection import wanted_faces
from understudy_sdk import Crop, Mask, Merger, Reaching, Resources
from understudy_sdk.geometry import compose, crop_corners, invert, scale_crop
from understudy_sdk.warp import warp_mask

from .neighbours import Window
from .over_time import SettingsOverTime
from .shelf import MergerShelf

__all__ = ["MASK_SIZE", "ReadySwap", "SpanFaces", "SwapOrder", "mask_over_crop", "reach"]

MASK_SIZE: Final = 256
"""Side of the masks handed to mergers, in px."""


@dataclass(frozen=True, slots=True)
class SwapOrder:
    """All that laying a swap into one clip needs to know; nothing is built yet, so that another process can be told.

    Attributes:
        swap: What the project says.
        settings: What holds for each face at each frame.
        faceset: Folder of the target's faceset.
        clip: Fingerprint of the clip.
        window: Which frames steady each other.
        mark: What is laid into every face.
        answers: Files of the model's answers, by the first frame of each.
    """

    swap: ChosenSwap
    settings: SettingsOverTime
    faceset: Path
    clip: str
    window: Window
    mark: FaceMark
    answers: Mapping[int, Path]

    def mergers(self) -> list[Chosen]:
        """Return the mergers that the project names: the swap's, and those of its ranges."""
        return [self.swap.merger, *(part.merger for part in self.swap.ranges if part.merger)]

    def ready(self, resources: Resources) -> ReadySwap:
        """Build the mergers, so that one that cannot be built is told before the first frame."""
        shelf = MergerShelf(resources)
        for chosen in self.mergers():
            shelf.get(chosen)
        return ReadySwap(self, shelf)


@dataclass(frozen=True, slots=True)
class ReadySwap:
    """A swap ready to work on one clip.

    Attributes:
        order: What is to be done.
        mergers: Gives the mergers for it.
    """

    order: SwapOrder
    mergers: MergerShelf

    def faces_between(self, span: tuple[int, int]) -> SpanFaces:
        """Return the chosen faces of a span of frames, and of all around them that have a say in it."""
        order = self.order
        first, stop = order.window.widened(span)
        with Faceset(order.faceset) as index:
            wanted = wanted_faces(index, order.swap.target, order.swap.face)
            # one frame more on either side: how a face moves is seen from those before and after
            rows = chosen_faces(index.rows(order.clip, first - 1, stop + 1), wanted)
            masks = {row.name: index.mask_png(row.name) for row in rows}
        by_frame: dict[int, list[FaceRow]] = {}
        for row in rows:
            by_frame.setdefault(row.frame, []).append(row)
        return SpanFaces(self, by_frame, masks)


@dataclass(frozen=True, slots=True)
class SpanFaces:
    """A swap's chosen faces in a span of frames: by frame, and their masks as PNG by picture name."""

    ready: ReadySwap
    by_frame: Mapping[int, Sequence[FaceRow]]
    masks: Mapping[str, bytes]


def reach(crop: Crop, size: tuple[int, int], merger: Merger | None = None) -> tuple[int, int, int, int]:
    """Return the box around a crop's square in its frame of a width and height, two px wider, as far as that goes.

    A merger that is Reaching gets as much more as it wants.
    """
    corners = crop_corners(crop.frame_to_crop, crop.size)
    if isinstance(merger, Reaching):
        corners = corners.mean(axis=0) + (corners - corners.mean(axis=0)) * max(1.0, merger.reach)
    low, high = np.floor(corners.min(axis=0)).astype(int) - 2, np.ceil(corners.max(axis=0)).astype(int) + 3
    width, height = size
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))


def mask_over_crop(mask_png: bytes, row: FaceRow, crop: Crop) -> Mask:
    """Return a face's stored mask over the square of the model's crop."""
    stored = decode_mask(mask_png, f"mask of {row.name}")
    wanted = scale_crop(crop.frame_to_crop, crop.size, MASK_SIZE)
    return Mask(warp_mask(stored, compose(invert(row.frame_to_crop), wanted), MASK_SIZE))
