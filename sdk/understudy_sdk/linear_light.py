"""How do a clip's numbers become amounts of light, and back?

Formulas: ITU-R BT.709 and BT.2020 (BT.601 has the same), IEC 61966-2-1 (sRGB); code points of ITU-T H.273. Numbers
below 0 and above 1, as limited range has them, go the same way there and back.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from .types import F32, ColorDescription

__all__ = ["from_light", "has_light", "to_light"]

_CAMERA: Final = frozenset({1, 6, 14, 15})  # BT.709, BT.601, BT.2020 with 10 and 12 bits
_SRGB: Final = 13
_GAMMA: Final = {4: 2.2, 5: 2.8}

_ALPHA, _BETA = 1.09929682680944, 0.018053968510807  # with which BT.2020 makes the two pieces of the curve meet


def has_light(color: ColorDescription) -> bool:
    """Tell whether a clip's numbers can be taken for light: standard range with a known curve, not PQ or HLG."""
    return color.transfer in _CAMERA or color.transfer == _SRGB or color.transfer in _GAMMA


def to_light(rgb: F32, color: ColorDescription) -> F32:
    """Return amounts of light, 1 for white; a clip without a known curve of standard range stays as it is.

    Args:
        rgb: float32, any shape, in the clip's transfer.
        color: The clip's colour description.
    """
    if not has_light(color):
        return rgb
    size = np.abs(rgb)
    if color.transfer in _GAMMA:
        light = _power(size, _GAMMA[color.transfer])
    elif color.transfer == _SRGB:
        light = np.where(size <= 0.04045, size / 12.92, _power((size + 0.055) / 1.055, 2.4))
    else:
        light = np.where(size < 4.5 * _BETA, size / 4.5, _power((size + (_ALPHA - 1)) / _ALPHA, 1 / 0.45))
    return np.asarray(np.copysign(light, rgb), np.float32)


def from_light(light: F32, color: ColorDescription) -> F32:
    """Return numbers in the clip's transfer for amounts of light; undoes ``to_light``."""
    if not has_light(color):
        return light
    size = np.abs(light)
    if color.transfer in _GAMMA:
        rgb = _power(size, 1 / _GAMMA[color.transfer])
    elif color.transfer == _SRGB:
        rgb = np.where(size <= 0.04045 / 12.92, size * 12.92, 1.055 * _power(size, 1 / 2.4) - 0.055)
    else:
        rgb = np.where(size < _BETA, size * 4.5, _ALPHA * _power(size, 0.45) - (_ALPHA - 1))
    return np.asarray(np.copysign(rgb, light), np.float32)


def _power(values: npt.NDArray[np.floating], exponent: float) -> F32:
    """Return powers; OpenCV takes them several times faster than NumPy."""
    return np.asarray(cv2.pow(np.asarray(values, np.float32), exponent), np.float32).reshape(values.shape)
