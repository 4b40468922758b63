"""Which faces does a model never learn from, and where in the footage do they lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.errors import StoreError
from understudy.faceset import NO_TRACK
from understudy.store import read_json, write_json

__all__ = ["BLOCK", "HeldFace", "held_folder", "held_out", "read_held", "write_held"]

BLOCK: Final = 10
"""Faces that are held out together. Neighbours in time look alike: single ones would be known from those beside them,
and flicker shows between neighbours alone."""

_FEWEST: Final = 60
"""Where there are fewer faces, all of them are needed for learning."""
_ALWAYS: Final = 100
"""From so many faces on, one block is held out however small the share."""


@dataclass(frozen=True, slots=True)
class HeldFace:
    """One face that is not learnt from.

    Attributes:
        name: File name of its picture in the faceset.
        clip: Fingerprint of its clip.
        frame: Position of its frame in the clip.
        track: Number of its track, or NO_TRACK.
        frame_to_crop: Affine (2, 3), from the frame's pixels to those of the crop that is measured.
    """

    name: str
    clip: str
    frame: int
    track: int
    frame_to_crop: list[list[float]]

    def is_followed_by(self, other: HeldFace) -> bool:
        """Return whether the other is the same person's in the next frame."""
        next_one = self.clip, self.track, self.frame + 1
        return self.track != NO_TRACK and next_one == (other.clip, other.track, other.frame)


def held_out(count: int, share: float) -> npt.NDArray[np.int64]:
    """Return which of ``count`` faces, in the order of clip and frame, are not learnt from; int64 (K,), ascending.

    They come in blocks of ten that follow each other; the blocks are spread evenly. From 100 faces on there is one at
    least, below 60 there is none.

    Args:
        count: How many faces there are.
        share: Of them, 0 to 0.5; 0 holds none out.
    """
    if share <= 0.0 or count < _FEWEST:
        return np.empty(0, np.int64)
    blocks = max(round(count * share / BLOCK), 1 if count >= _ALWAYS else 0)
    middles = (np.arange(blocks) + 0.5) * count / max(blocks, 1)
    starts = np.floor(middles - BLOCK / 2).astype(np.int64)
    return (starts[:, None] + np.arange(BLOCK)).reshape(-1)


def held_folder(folder: Path) -> Path:
    """Return where the faces lie that were held out of those in a folder."""
    return folder.with_name(f"held-{folder.name}")


def write_held(folder: Path, faces: Sequence[HeldFace]) -> None:
    """Write of which faces the arrays in a folder are; beside it, for the folder holds arrays alone.

    Raises:
        StoreError: When the disk does not take it.
    """
    write_json(folder.with_suffix(".json"), [asdict(face) for face in faces])


def read_held(folder: Path) -> tuple[HeldFace, ...]:
    """Return of which faces the arrays in a folder are, in their order.

    Raises:
        StoreError: When the file is missing or damaged; it is named.
    """
    path = folder.with_suffix(".json")
    found = read_json(path)
    try:
        return tuple(HeldFace(**face) for face in found)
    except TypeError as error:
        raise StoreError(f"{path} does not tell of held-out faces\n  delete {folder.parent} and run again") from error
