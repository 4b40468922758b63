"""Where are the landmarks of a face?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from understudy_sdk import Face, Frame

from . import MediaPipeAlignerConfig
from .landmarks68 import landmarks_of_mesh
from .litert import Network
from .roi import Roi, roi_of_box, roi_of_mesh

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class MediaPipeAligner:
    """Lays a mesh on each face and derives the landmarks from it."""

    def __init__(self, config: MediaPipeAlignerConfig, path: Path, threads: int) -> None:
        self._config = config
        self._network = Network(path, threads)

    def align(self, frames: Sequence[Frame], faces: Sequence[Sequence[Face]]) -> list[list[Face]]:
        """Return the faces with mesh and landmarks; those on which the network sees no face are left out."""
        answers = []
        for frame, found in zip(frames, faces, strict=True):
            aligned = (self._with_mesh(frame.rgb, face) for face in found)
            answers.append([face for face in aligned if face is not None])
        return answers

    def _with_mesh(self, rgb: U8, face: Face) -> Face | None:
        mesh, presence = self._look(rgb, roi_of_box(face.box, face.eyes))
        if presence >= self._config.min_presence and (self._config.passes == 2 or face.eyes is None):
            mesh, presence = self._look(rgb, roi_of_mesh(mesh))
        if presence < self._config.min_presence:
            return None  # a face convinces in every look; a pattern that is none often does in one only
        return replace(face, landmarks=landmarks_of_mesh(mesh), mesh=mesh)

    def _look(self, rgb: U8, roi: Roi) -> tuple[F32, float]:
        """Return the mesh in the frame's pixels and the presence, 0 to 1, as seen in that square."""
        side = self._network.side
        mesh, logit = self._network(_to_network(rgb, roi, side))
        return _to_frame(mesh, roi, side), 1 / (1 + math.exp(-max(-80.0, min(80.0, logit))))


def _to_network(rgb: U8, roi: Roi, side: int) -> F32:
    """Return the square of the frame, float32 (side, side, 3), 0 to 1; beyond the frame its edge is repeated."""
    part, part_roi = _shrunk_around(rgb, roi, 2 * side)
    # What is still larger than the network's picture is sampled finer first and averaged, else it would alias.
    finer = 2 if part_roi.side > side else 1
    matrix = part_roi.matrix(side * finer)
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2  # from pixel centres; roi.matrix counts from corners
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(part, matrix, (side * finer, side * finer), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if finer > 1:
        crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.multiply(crop, np.float32(1 / 255), dtype=np.float32)


def _shrunk_around(rgb: U8, roi: Roi, longest: int) -> tuple[U8, Roi]:
    """Return the frame's part around the square, halved while the square is longer than ``longest``.

    The square is returned as it lies in that part. Without halving, close-ups would be sampled at every few pixels
    only, which shows as jitter between frames.
    """
    if roi.side <= longest:
        return rgb, roi
    height, width = rgb.shape[:2]
    reach = 0.75 * roi.side  # a turned square's corners are 0.71 sides away
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


def _to_frame(mesh: F32, roi: Roi, side: int) -> F32:
    """Return a mesh (M, 3) in the crop's px as one in the frame's px; depth keeps its proportion."""
    matrix = roi.matrix(side)
    placed = np.empty_like(mesh)
    placed[:, :2] = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    placed[:, 2] = mesh[:, 2] * (roi.side / side)
    return placed
