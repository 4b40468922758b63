"""Which faces does a contract test let a model learn from? A few drawn ones, the same on every machine."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from understudy_sdk.types import F32, U8, CropSpec, FaceBatch, Side

from .values import plain_landmarks

__all__ = ["DrawnFaces"]

_COLORS: Final = {Side.SOURCE: (214, 160, 130), Side.TARGET: (120, 84, 66)}
_COUNT: Final = 4


class DrawnFaces:
    """Four drawn faces a side, in turn: ``TrainingData`` that fits in a test.

    Attributes:
        draws: Every draw asked for, as side, number and size.
    """

    def __init__(self, spec: CropSpec, seed: int = 0, device: str = "cpu") -> None:
        """Draw the faces at a model's crops; the seed decides how they are augmented, not how they look."""
        self.draws: list[tuple[Side, int, int]] = []
        self._seed, self._device = seed, device
        self._landmarks = plain_landmarks(spec.size, spec.face_type)
        self._faces = {side: _draw_faces(self._landmarks, spec.size, _COLORS[side]) for side in Side}

    def draw(self, side: Side, number: int, size: int, *, uniform_yaw: bool = False) -> FaceBatch:
        """Return the ``number``-th draw of ``size`` faces; with ``uniform_yaw`` they come the other way round."""
        self.draws.append((side, number, size))
        rgb, mask = self._faces[side]
        chosen = np.arange(number * size, (number + 1) * size) % _COUNT
        if uniform_yaw:  # all look ahead, so that only their order can show that it was asked for
            chosen = _COUNT - 1 - chosen
        landmarks = np.repeat(self._landmarks[None], size, axis=0)
        return FaceBatch(
            rgb=torch.from_numpy(rgb[chosen]).to(self._device),
            mask=torch.from_numpy(mask[chosen]).to(self._device),
            landmarks=torch.from_numpy(landmarks).to(self._device),
            seed=(self._seed * 1_000_003 + number) * 2 + (side is Side.TARGET),
        )


def _draw_faces(landmarks: F32, size: int, color: tuple[int, int, int]) -> tuple[U8, U8]:
    """Return rgb (4, 3, S, S) and mask (4, 1, S, S) of faces around the landmarks, each a little brighter."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2
    rows, columns = np.mgrid[0:size, 0:size]
    inside = np.hypot((columns - centre[0]) / half[0], (rows - centre[1]) / half[1]) < 1.1
    # eyes and mouth: dark discs around the means of their landmarks
    parts = [(landmarks[36:42].mean(axis=0), 0.16), (landmarks[42:48].mean(axis=0), 0.16)]
    parts += [(landmarks[48:68].mean(axis=0), 0.24)]
    dark = np.any([np.hypot(columns - at[0], rows - at[1]) < share * half[0] for at, share in parts], axis=0)
    rgb = np.empty((_COUNT, 3, size, size), np.uint8)
    for number in range(_COUNT):
        face = np.array(color)[:, None, None] + 8 * number
        rgb[number] = np.where(dark, 40, np.where(inside, face, 70 + 10 * number))
    mask = np.where(inside, 255, 0).astype(np.uint8)
    return rgb, np.repeat(mask[None, None], _COUNT, axis=0)
