"""How do a picture's stored rows and columns lie to its upright ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["UPRIGHT", "Box", "Orientation", "display_matrix_of", "orientation_of"]

Box = tuple[int, int, int, int]  # x0, y0, x1, y1; the right and lower edges are exclusive


@dataclass(frozen=True, slots=True)
class Orientation:
    """A turn by a multiple of 90 degrees, perhaps with a mirror.

    The stored picture is first transposed, then flipped.
    """

    is_transposed: bool = False
    is_flipped_x: bool = False
    is_flipped_y: bool = False

    @property
    def rotation(self) -> int:
        """Degrees by which the stored picture turns counter-clockwise to stand upright: 0, 90, 180 or 270."""
        if self.is_transposed:
            return 90 if self.is_flipped_y else 270
        return 180 if self.is_flipped_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Turn a stored width and height into upright ones, or back."""
        return (height, width) if self.is_transposed else (width, height)

    def upright(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """View a stored picture (H, W) or (H, W, C) upright."""
        turned = stored.swapaxes(0, 1) if self.is_transposed else stored
        return turned[:: -1 if self.is_flipped_y else 1, :: -1 if self.is_flipped_x else 1]

    def upright_copy(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Lay a stored picture (H, W, C) upright in memory; moving whole pixels is four times as fast as channels."""
        pixels = np.ascontiguousarray(stored)
        channels = pixels.shape[2]
        whole = pixels.view(np.dtype((np.void, pixels.itemsize * channels)))[..., 0]
        turned = np.ascontiguousarray(self.upright(whole))
        return turned.view(pixels.dtype).reshape(*turned.shape, channels)

    def stored(self, upright: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """View an upright picture as it is stored."""
        flipped = upright[:: -1 if self.is_flipped_y else 1, :: -1 if self.is_flipped_x else 1]
        return flipped.swapaxes(0, 1) if self.is_transposed else flipped

    def upright_box(self, box: Box, width: int, height: int) -> Box:
        """Turn a stored box into an upright one; ``width`` and ``height`` are the upright picture's."""
        x0, y0, x1, y1 = (box[1], box[0], box[3], box[2]) if self.is_transposed else box
        return self._flipped((x0, y0, x1, y1), width, height)

    def stored_box(self, box: Box, width: int, height: int) -> Box:
        """Turn an upright box into a stored one; ``width`` and ``height`` are the upright picture's."""
        x0, y0, x1, y1 = self._flipped(box, width, height)
        return (y0, x0, y1, x1) if self.is_transposed else (x0, y0, x1, y1)

    def _flipped(self, box: Box, width: int, height: int) -> Box:
        x0, y0, x1, y1 = box
        if self.is_flipped_x:
            x0, x1 = width - x1, width - x0
        if self.is_flipped_y:
            y0, y1 = height - y1, height - y0
        return x0, y0, x1, y1


UPRIGHT = Orientation()
_ONE = 1 << 16


def display_matrix_of(turn: Orientation) -> tuple[int, ...] | None:
    """Return the tag that says a turn, or None for none; undoes ``orientation_of``."""
    if turn == UPRIGHT:
        return None
    x, y = (-_ONE if flipped else _ONE for flipped in (turn.is_flipped_x, turn.is_flipped_y))
    a, b, c, d = (0, y, x, 0) if turn.is_transposed else (x, 0, 0, y)
    return (a, b, 0, c, d, 0, 0, 0, _ONE << 14)


def orientation_of(display_matrix: Sequence[int]) -> Orientation:
    """Read a display matrix (9 numbers: a b u, c d v, x y w); turns in between go to the nearest quarter.

    A stored point (p, q) is shown at (a p + c q, b p + d q), ISO/IEC 14496-12, section 6.2.2.
    """
    a, b, c, d = display_matrix[0], display_matrix[1], display_matrix[3], display_matrix[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(is_flipped_x=a < 0, is_flipped_y=d < 0)
    return Orientation(is_transposed=True, is_flipped_x=c < 0, is_flipped_y=b < 0)
