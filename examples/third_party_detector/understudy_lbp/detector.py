"""Where does a cascade of local binary patterns see faces?

S. Liao, X. Zhu, Z. Lei, L. Zhang, S. Li, "Learning multi-scale block local binary patterns for face recognition", 2007.
A cascade says yes or no; how sure it is, it does not say, so the larger faces are taken to be the surer ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

from understudy_sdk import Face, Frame

from . import LbpConfig

__all__ = ["LbpDetector"]

_WINDOW_PX = 24  # what the cascade was trained on


class LbpDetector:
    """Slides scikit-image's trained cascade over frames."""

    def __init__(self, config: LbpConfig) -> None:
        self._config = config
        self._cascade = Cascade(lbp_frontal_face_cascade_filename())

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces, the largest first: one list per frame, in the order given."""
        return [self._faces(frame) for frame in frames]

    def _faces(self, frame: Frame) -> list[Face]:
        height, width = frame.rgb.shape[:2]
        shrink = min(1.0, self._config.longest_px / max(height, width))
        size = round(width * shrink), round(height * shrink)
        if min(size) < max(_WINDOW_PX, self._config.min_face_px):
            return []
        grey = cv2.cvtColor(cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        found = self._cascade.detect_multi_scale(
            grey,
            scale_factor=self._config.scale_step,
            step_ratio=1,
            min_size=(self._config.min_face_px, self._config.min_face_px),
            max_size=(min(size), min(size)),
            min_neighbor_number=self._config.neighbours,
        )
        windows = [(one["c"], one["r"], one["width"], one["height"]) for one in found]
        faces = [self._face(window, shrink, min(size)) for window in windows]
        return sorted(faces, key=lambda face: (-face.score, *face.box.tolist()))

    @staticmethod
    def _face(window: tuple[int, int, int, int], shrink: float, shorter_px: int) -> Face:
        left, top, width, height = window
        corners = np.array([left, top, left + width, top + height], np.float32) / np.float32(shrink)
        return Face(box=corners, score=0.5 + 0.5 * min(1.0, width / shorter_px))
