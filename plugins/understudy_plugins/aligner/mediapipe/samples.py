"""How is a square of the frame drawn for the mesh network, and how does its mesh come back?"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from .roi import Roi

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


def to_network(rgb: U8, roi: Roi, side: int) -> U8:
    """Return the square of the frame, uint8 (side, side, 3); beyond the frame its edge is repeated."""
    part, part_roi = _shrunk_around(rgb, roi, 2 * side)
    matrix = part_roi.matrix(side)
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2  # from pixel centres; roi.matrix counts from corners
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(part, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def to_frame(mesh: F32, roi: Roi, side: int) -> F32:
    """Return a mesh (M, 3) in the square's px as one in the frame's px; depth keeps its proportion."""
    matrix = roi.matrix(side)
    placed = np.empty_like(mesh)
    placed[:, :2] = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    placed[:, 2] = mesh[:, 2] * (roi.side / side)
    return placed


def _shrunk_around(rgb: U8, roi: Roi, longest: int) -> tuple[U8, Roi]:
    """Return the frame's part around the square, halved while the square is longer than ``longest``.

    The square is returned as it lies in that part. Without halving, close-ups would be sampled at every few pixels
    only, which shows as jitter between frames. Up to twice the network's side, single samples move its points by less
    than a tenth of its pixels against a picture averaged without any aliasing. Averages of 2 by 2 samples do hardly
    better, and take three times as long.
    """
    if roi.side <= longest:
        return rgb, roi
    height, width = rgb.shape[:2]
    reach = roi.side / 2 * (abs(math.cos(roi.turn)) + abs(math.sin(roi.turn)))  # of a turned square's corners
    reach += 4 * roi.side / longest  # what averaging and sampling see beyond them
    x0, y0 = max(0, min(int(roi.x - reach), width - 1)), max(0, min(int(roi.y - reach), height - 1))
    part = rgb[y0 : max(y0 + 1, int(roi.y + reach)), x0 : max(x0 + 1, int(roi.x + reach))]
    roi = roi._replace(x=roi.x - x0, y=roi.y - y0)
    while roi.side > longest and min(part.shape[:2]) > 1:
        rows, columns = part.shape[0] // 2, part.shape[1] // 2
        even = part[: 2 * rows, : 2 * columns]  # an odd last row would stretch the picture
        part = np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        # Whole numbers are pixel centres, so edges lie half a pixel before them.
        roi = Roi((roi.x + 0.5) / 2 - 0.5, (roi.y + 0.5) / 2 - 0.5, roi.side / 2, roi.turn)
    return part, roi
