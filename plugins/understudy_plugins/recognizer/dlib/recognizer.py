"""How does dlib's network see a face?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

from understudy_sdk import Crop, Resources
from understudy_sdk.geometry import umeyama
from understudy_sdk.landmarks import TEMPLATE
from understudy_sdk.types import F32, U8
from understudy_sdk.warp import warp_picture

from . import DlibConfig
from .network import LAYERS, SIDE, FaceNet, load_parameters
from .reading import read_parameters

__all__ = ["DlibRecognizer", "align"]

_BATCH: Final = 16  # faces at a time, which bounds the memory
_MARGIN: Final = 0.25  # around brows to mouth, in sides of that square
_ALIGNED: Final = (*range(27, 55), *range(60, 65))
"""dlib aligns by nose, eyes and the upper edges of the lips: brows and lower lip move too much."""


class DlibRecognizer:
    """Runs dlib's recognition network on aligned faces."""

    def __init__(self, config: DlibConfig, path: Path, resources: Resources) -> None:
        """Build the network and take over its weights.

        Raises:
            StageError: When the file is not of this network.
        """
        self.same_person = config.same_person
        self._device = torch.device(resources.device)
        if self._device.type == "cpu":
            torch.set_num_threads(resources.threads)
        network = FaceNet()
        load_parameters(network, read_parameters(path.read_bytes(), LAYERS))
        self._network = network.eval().requires_grad_(False).to(self._device)

    def embed(self, crops: Sequence[Crop]) -> F32:
        """Return one unit vector per crop, float32 (N, 128), in the order given."""
        found = [np.empty((0, 128), np.float32)]
        for first in range(0, len(crops), _BATCH):
            faces = np.stack([align(crop) for crop in crops[first : first + _BATCH]])
            batch = torch.from_numpy(faces).to(self._device).permute(0, 3, 1, 2).float()  # (B, 3, 150, 150)
            with torch.inference_mode():
                vectors = torch.nn.functional.normalize(self._network(batch), dim=1)
            found.append(vectors.cpu().numpy())
        return np.concatenate(found)


def align(crop: Crop) -> U8:
    """Return the face as the network wants it: uint8 (150, 150, 3), RGB."""
    square = (TEMPLATE[np.subtract(_ALIGNED, 17)] + _MARGIN) / (1 + 2 * _MARGIN) * SIDE
    return warp_picture(crop.rgb, umeyama(crop.landmarks[list(_ALIGNED)], square), SIDE)
