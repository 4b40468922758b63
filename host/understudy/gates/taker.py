"""How are the frames of a chunk measured while they are merged?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy.typing as npt

from understudy.swapping import Laid
from understudy.video import ClipInfo, DecodedFrame, Laying

from .figures import FrameFigures
from .records import write_figures

if TYPE_CHECKING:
    from .measuring import FrameMeter

__all__ = ["GateMaker", "GateTaker"]

EVERY: Final = 8
"""Of so many frames one is kept as it came, and all of it compared with what became of it."""


@dataclass(frozen=True, slots=True)
class GateMaker:
    """Makes what measures one chunk; ``path`` is the file that the figures go to."""

    path: Path

    def taker(self, span: tuple[int, int], info: ClipInfo) -> GateTaker:  # noqa: ARG002 - frames know their place
        """Return what takes the frames of the chunk."""
        from .measuring import FrameMeter  # noqa: PLC0415 - brings scikit-image

        return GateTaker(self.path, FrameMeter(info))


class GateTaker:
    """Measures the frames of one chunk; a taker of frames (``merging.takers``)."""

    def __init__(self, path: Path, meter: FrameMeter) -> None:
        """Take the file to write, and what measures."""
        self._path, self._meter = path, meter
        self._before: dict[int, tuple[npt.NDArray[Any], ...]] = {}
        self._found: list[FrameFigures] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the figures, or drop them."""
        if error is None:
            write_figures(self._path, self._found)

    def see(self, frame: DecodedFrame) -> None:
        """Keep some frames as they come."""
        if frame.index % EVERY == 0:
            self._before[frame.index] = tuple(plane.copy() for plane in frame.planes())

    def take(self, frame: DecodedFrame, laid: Sequence[Laid], words: Laying | None) -> None:
        """Measure a frame."""
        self._found.append(self._meter.measure(frame, laid, words, self._before.pop(frame.index, None)))
