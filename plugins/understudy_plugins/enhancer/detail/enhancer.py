"""How does a swap get detail that its model could not draw?

Pores, stubble and the texture of skin are finer than the pixels of a small model, but the target's own crop shows them
in the very place, light and motion of the frame. That band is taken over from the target's brightness. Where the target
has an edge that the drawn face has not, as along another jaw or other brows, it would bring the target back. So places
are weighed in the band just above, which both have: by how much the two agree there, and by how strong the drawn one is
beside the other. The drawn band itself is made as strong as the target's, by one number for all of the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from understudy_sdk import Crop, Swap
from understudy_sdk.types import F32
from understudy_sdk.warp import resize_square

from . import DetailConfig

__all__ = ["DetailEnhancer"]

_LUMA: Final = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
_FINEST: Final = 0.6  # of a pixel of the model: sigma of the Gaussian below which it shows nothing
_BAND: Final = 3.0  # times as wide is the Gaussian that the band above ends at
_LOOK: Final = 2.5  # times as wide is that of the place over which two bands are compared
_TEXTURE: Final = (2.0 / 255) ** 2  # square of what counts as texture, of which any fits any
_DARK: Final = 0.02  # of 1; keeps the ratio of two brightnesses tame in shadows
_LIGHT: Final = (0.4, 1.6)
_FACE_SIGMA: Final = 0.22  # of the side; the middle of the crop, which tells how sharp the face is


@dataclass(frozen=True, slots=True, eq=False)
class _Bands:
    """A picture's brightness: all of it, the band that a model just draws, and what is finer."""

    luma: F32
    band: F32
    finer: F32

    @classmethod
    def of(cls, rgb: F32, sigma: float) -> _Bands:
        luma = np.asarray(cv2.transform(rgb, _LUMA), np.float32)
        low = _blurred(luma, sigma)
        return cls(luma, low - _blurred(luma, _BAND * sigma), luma - low)


class DetailEnhancer:
    """Takes over the target's fine detail."""

    def __init__(self, config: DetailConfig) -> None:
        """Take the settings."""
        self._config = config

    @property
    def size(self) -> int:
        """Side of the crops it looks at and of the swaps it answers, as the settings have it."""
        return self._config.size

    def enhance(self, swaps: Sequence[Swap], crops: Sequence[Crop]) -> list[Swap]:
        """Return each swap at its size, with the detail of the target that fits it."""
        return [self._enhanced(swap, crop) for swap, crop in zip(swaps, crops, strict=True)]

    def _enhanced(self, swap: Swap, crop: Crop) -> Swap:
        large = resize_square(swap.rgb, self.size, interpolation="cubic")
        sigma = max(_FINEST * self.size / swap.rgb.shape[0], 0.5)
        drawn, seen = _Bands.of(large, sigma), _Bands.of(crop.rgb.astype(np.float32) / np.float32(255), sigma)
        fits, strength = _fit(drawn, seen, _LOOK * sigma)
        stronger = min(max(strength, 1.0), self._config.sharpen_most) - 1.0
        light = (_blurred(drawn.luma, _BAND * sigma) + _DARK) / (_blurred(seen.luma, _BAND * sigma) + _DARK)
        added = np.float32(self._config.amount) * fits * np.clip(light, *_LIGHT) * seen.finer
        added += np.float32(stronger) * drawn.band
        return replace(swap, rgb=np.clip(large + added[..., None], 0.0, 1.0))


def _fit(drawn: _Bands, seen: _Bands, sigma: float) -> tuple[F32, float]:
    """Return how well the target's detail fits in each place, 0 to 1, and how much stronger its band is in all."""
    there, here = _blurred(seen.band * seen.band, sigma), _blurred(drawn.band * drawn.band, sigma)
    both = _blurred(drawn.band * seen.band, sigma)
    agree = np.clip((both + _TEXTURE) / (np.sqrt(np.maximum(there * here, 0.0)) + _TEXTURE), 0.0, 1.0)
    share = np.clip((here + _TEXTURE) / (there + _TEXTURE), 0.0, 1.0)
    face = _middle(len(here))
    return np.asarray(agree * share, np.float32), float(np.sqrt((there * face).sum() / max((here * face).sum(), 1e-9)))


def _middle(side: int) -> F32:
    places = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    bell = np.exp(-np.square(places) / (2 * _FACE_SIGMA**2))
    return np.asarray(bell[:, None] * bell[None, :], np.float32)


def _blurred(picture: F32, sigma: float) -> F32:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
