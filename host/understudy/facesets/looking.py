"""How are the pictures of many faces looked at, a few at a time and on all processors?"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import StoreError
from understudy.faceset import Faceset
from understudy.pictures import decode_picture
from understudy_sdk.types import U8

__all__ = ["Sight", "look_at"]

T = TypeVar("T")

THREADS: Final = 4
"""More only wait for each other: decoding runs beside Python, most of the rest does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A face's picture, opened.

    Attributes:
        rgb: uint8 (S, S, 3), RGB.
        is_face: bool (S, S), where the mask is at least half set.
    """

    rgb: U8
    is_face: npt.NDArray[np.bool_]

    @property
    def grey(self) -> U8:
        """uint8 (S, S)."""
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)

    @property
    def grey_face(self) -> U8:
        """uint8 (S, S), 0 outside the mask."""
        return np.asarray(self.grey * self.is_face, np.uint8)


def look_at(index: Faceset, names: Sequence[str], work: Callable[[Sight], T]) -> Iterator[tuple[str, T | None]]:
    """Yield each picture's name and what ``work`` makes of it, in the order given; None for a damaged picture.

    Only a handful of pictures is in memory at a time.
    """
    threads = min(THREADS, os.cpu_count() or 1)
    waiting = deque[tuple[str, Future[T | None]]]()
    with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
        for name in names:
            # the index belongs to this thread, so the mask is fetched here
            waiting.append((name, pool.submit(_look, index.pictures / name, index.mask_png(name), work)))
            if len(waiting) > 4 * threads:
                first, done = waiting.popleft()
                yield first, done.result()
        for name, done in waiting:
            yield name, done.result()


def _look(path: Path, mask_png: bytes, work: Callable[[Sight], T]) -> T | None:
    try:
        picture = decode_picture(path.read_bytes(), str(path))
        mask = decode_picture(mask_png, f"mask of {path}")
    except (StoreError, OSError):  # one bad picture must not end the work on thousands; the caller names it
        return None
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    if mask.shape != rgb.shape[:2]:
        mask = np.asarray(cv2.resize(mask, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    return work(Sight(rgb, mask >= 128))
