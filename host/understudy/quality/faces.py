"""Which faces is a model measured with?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy.training import load_arrays
from understudy_sdk import Crop, CropSpec
from understudy_sdk.types import F32

from .held_out import BLOCK, read_held

__all__ = ["MeasuredFaces", "measured_faces"]

_STAYS: Final = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFaces:
    """Faces of one side.

    Attributes:
        crops: At the model's size.
        masks: float32 (S, S), 0 to 1, where each face is.
        neighbours: Places of those that follow each other in one track, the earlier first.
        is_held_out: Whether the model has learnt from none of them.
    """

    crops: tuple[Crop, ...]
    masks: tuple[F32, ...]
    neighbours: tuple[tuple[int, int], ...]
    is_held_out: bool

    @property
    def pictures(self) -> list[F32]:
        """Return the crops as float32 (S, S, 3), 0 to 1."""
        return [np.divide(crop.rgb, 255, dtype=np.float32) for crop in self.crops]


def measured_faces(folder: Path, spec: CropSpec, *, is_held_out: bool, most: int = 64) -> MeasuredFaces:
    """Return up to ``most`` faces of those in a folder.

    Of held-out ones these are whole blocks, spread evenly, so that flicker can be measured; of others, single faces.

    Raises:
        StoreError: When the faces are missing or damaged.
    """
    arrays = load_arrays(folder)
    places = _blocks(len(arrays), most) if is_held_out else _spread(len(arrays), most)
    held = read_held(folder) if is_held_out else ()
    # other people of the same frames may stand between a face and the next one of its track
    pairs = ((one, other) for one in range(len(places)) for other in range(one + 1, min(one + BLOCK, len(places))))
    return MeasuredFaces(
        crops=tuple(
            Crop(
                np.ascontiguousarray(arrays.rgb[place].transpose(1, 2, 0)),  # (3, S, S) -> (S, S, 3)
                np.array(_STAYS),
                spec.face_type,
                np.array(arrays.landmarks[place], np.float32),
            )
            for place in places
        ),
        masks=tuple(np.divide(arrays.mask[place, 0], 255, dtype=np.float32) for place in places),
        neighbours=tuple(
            (one, other) for one, other in pairs if held and held[places[one]].is_followed_by(held[places[other]])
        ),
        is_held_out=is_held_out,
    )


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _blocks(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return the faces of as many whole blocks as there may be, one at least."""
    starts = _spread(max(count // BLOCK, 1), max(most // BLOCK, 1)) * BLOCK
    places = (starts[:, None] + np.arange(BLOCK)).reshape(-1)
    return np.asarray(places[places < count], np.int64)
