"""How does SFace see a face?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from understudy_sdk import Crop, StageError
from understudy_sdk.five_points import upright
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import warp_picture

from . import SFaceConfig

__all__ = ["SFaceRecognizer", "align"]

SIDE: Final = 112

_FIVE_POINTS: Final = np.array([
    (38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041),
])  # fmt: skip
"""Where right eye, left eye, tip of the nose and corners of the mouth lie in the network's picture, x y in px."""


class SFaceRecognizer:
    """Runs SFace on aligned faces."""

    def __init__(self, config: SFaceConfig, path: Path) -> None:
        """Load the network.

        Raises:
            StageError: When the file holds no network that OpenCV can run.
        """
        self.same_person = config.same_person
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise StageError(f"OpenCV cannot read the network {path}: {error.err}\n  fetch the file again") from error

    def embed(self, crops: Sequence[Crop]) -> F32:
        """Return one unit vector per crop, float32 (N, 128), in the order given."""
        vectors = [self._look(align(crop)) for crop in crops]
        return np.stack(vectors) if vectors else np.empty((0, 128), np.float32)

    def _look(self, aligned: U8) -> F32:
        # The network takes one face at a time, RGB from 0 to 255; it subtracts and scales by itself.
        self._network.setInput(aligned.astype(np.float32).transpose(2, 0, 1)[None])  # (1, 3, 112, 112)
        vector = np.asarray(self._network.forward(), np.float64).reshape(-1)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


def align(crop: Crop) -> U8:
    """Return the face as the network wants it: uint8 (112, 112, 3), RGB, black beyond the crop."""
    return warp_picture(crop.rgb, upright(crop.landmarks, _FIVE_POINTS), SIDE, border="black")
