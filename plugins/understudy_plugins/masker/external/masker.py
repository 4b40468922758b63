"""What does an editor's matte say about a crop?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import ClipPosition, Crop, Mask, StageError
from understudy_sdk.geometry import compose, crop_corners, shift_origin
from understudy_sdk.warp import warp_mask

from . import ExternalConfig
from .decode import Matte
from .mattes import Mattes, open_mattes

__all__ = ["ExternalMasker"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_KEPT: Final = 3
"""Decoded mattes kept: several faces of a frame need the same one."""

_OPEN: Final = 4
"""Matte files kept open: facesets go through their clips one after the other."""


class ExternalMasker:
    """Cuts masks out of mattes, by the time and the place that each crop was cut at."""

    def __init__(self, config: ExternalConfig, threads: int) -> None:
        self._config, self._threads = config, threads
        self._sources: OrderedDict[Path, Mattes] = OrderedDict()
        self._decoded: OrderedDict[tuple[Path, int], Matte] = OrderedDict()

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given.

        Raises:
            StageError: A crop comes from no clip, or its clip has no matte, or none at that moment.
        """
        return [Mask(self._cut(crop)) for crop in crops]

    def _cut(self, crop: Crop) -> F32:
        if not self._config.mattes:
            return np.ones((crop.size, crop.size), np.float32)
        if crop.at is None:
            raise StageError(
                "the masker 'external' cannot mask a face that comes from no clip\n  use it for clips alone, or mask "
                "this faceset with another masker, such as hull"
            )
        matte = self._matte_at(crop.at)
        if matte is None:
            level = 1.0 if self._config.outside == "full" else 0.0
            return np.full((crop.size, crop.size), level, np.float32)
        return _cut_out(matte, crop, crop.at, is_inverted=self._config.invert)

    def _matte_at(self, at: ClipPosition) -> Matte | None:
        """Return the matte of a moment; None where there is none, and that is all right."""
        path = self._path_for(at)
        source = self._source(path)
        number = source.number_at(at)
        if (there := source.nearest(number)) != number:
            if self._config.outside == "error":
                raise StageError(
                    f"the matte {path} has nothing for frame {at.frame} of the clip {at.clip!r}, at "
                    f"{float(at.time_s):.3f} s: wanted is number {number}, but {source.extent()}\n"
                    f"  export the missing part, set offset_frames, or set outside to empty, full or hold"
                )
            if self._config.outside != "hold":
                return None
        matte = self._read(path, source, there)
        _check_shape(matte, at, path)
        return matte

    def _path_for(self, at: ClipPosition) -> Path:
        mattes = self._config.mattes
        if isinstance(mattes, str):
            return Path(mattes)
        if not mattes.get(at.clip):
            raise StageError(
                f"no matte is named for the clip {at.clip!r}, only for: {', '.join(sorted(mattes)) or 'none'}\n"
                f"  add {at.clip}: PATH to the masker's mattes"
            )
        return Path(mattes[at.clip])

    def _source(self, path: Path) -> Mattes:
        if path not in self._sources:
            self._sources[path] = open_mattes(path, self._config, self._threads)
        self._sources.move_to_end(path)
        while len(self._sources) > _OPEN:
            self._sources.popitem(last=False)  # its file is closed along with it
        return self._sources[path]

    def _read(self, path: Path, source: Mattes, number: int) -> Matte:
        if (path, number) not in self._decoded:
            self._decoded[path, number] = source.read(number)
            while len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        return self._decoded[path, number]


def _check_shape(matte: Matte, at: ClipPosition, path: Path) -> None:
    rows, columns = matte.shape
    if abs(columns * at.height / (rows * at.width) - 1.0) > 0.02:  # proxies round their sizes
        raise StageError(
            f"the matte {path} is {columns}x{rows}, but the frames of the clip {at.clip!r} are {at.width}x{at.height}, "
            f"which is another shape\n  export it uncropped, with square pixels; its resolution may differ"
        )


def _cut_out(matte: Matte, crop: Crop, at: ClipPosition, *, is_inverted: bool) -> F32:
    """Return the crop's square of a matte that covers the whole frame, float32 (S, S), 0 to 1."""
    rows, columns = matte.shape
    x_scale, y_scale = at.width / columns, at.height / rows
    # Pixel centres: the outer edges of both pictures coincide, half a pixel before their first centres.
    matte_to_frame = np.array([[x_scale, 0.0, (x_scale - 1) / 2], [0.0, y_scale, (y_scale - 1) / 2]])
    to_crop = compose(matte_to_frame, crop.frame_to_crop)
    x0, y0, x1, y1 = _seen(to_crop, crop.size, columns, rows)
    part = matte[y0:y1, x0:x1].astype(np.float32)  # the crop's surroundings alone: frames are large
    part /= np.float32(np.iinfo(matte.dtype).max)
    if is_inverted:
        np.subtract(1.0, part, out=part)
    return warp_mask(part, shift_origin(to_crop, x0, y0), crop.size, border="edge")


def _seen(to_crop: F64, size: int, columns: int, rows: int) -> tuple[int, int, int, int]:
    """Return the box of the matte that a crop shows, with a margin for smoothing: x0 y0 x1 y1, one pixel at least."""
    corners = crop_corners(to_crop, size)
    margin = 8.0 + 8.0 / np.sqrt(abs(np.linalg.det(to_crop[:, :2])))
    low, high = np.floor(corners.min(axis=0) - margin), np.ceil(corners.max(axis=0) + margin)
    x0, y0 = np.clip(low, 0, (columns - 1, rows - 1)).astype(int)
    x1, y1 = np.maximum(np.clip(high, 0, (columns, rows)), (x0 + 1, y0 + 1)).astype(int)
    return int(x0), int(y0), int(x1), int(y1)
