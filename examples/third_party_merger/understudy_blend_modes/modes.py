"""What becomes of a lower and an upper picture in each blend mode?

Float arrays of one shape; the upper one 0 to 1. The lower one is the frame, and may leave 0 to 1 as footage does: the
modes whose formulas need the range see it clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MODES"]

F32 = npt.NDArray[np.float32]


def _normal(_lower: F32, upper: F32) -> F32:
    return upper


def _grain_merge(lower: F32, upper: F32) -> F32:
    return (lower + upper - np.float32(0.5)).clip(0, 1)


def _multiply(lower: F32, upper: F32) -> F32:
    return lower.clip(0, 1) * upper


def _screen(lower: F32, upper: F32) -> F32:
    return np.asarray(1 - (1 - lower.clip(0, 1)) * (1 - upper), np.float32)


def _soft_light(lower: F32, upper: F32) -> F32:
    """Between multiply and screen, by how bright the lower picture is."""
    base = lower.clip(0, 1)
    return np.asarray((1 - base) * _multiply(lower, upper) + base * _screen(lower, upper), np.float32)


def _hard_light(lower: F32, upper: F32) -> F32:
    """Multiply where the upper picture is dark, screen where it is bright."""
    dark, bright = _multiply(lower, 2 * upper), _screen(lower, 2 * upper - 1)
    return np.where(upper <= 0.5, dark, bright)


def _overlay(lower: F32, upper: F32) -> F32:
    """Hard light with the pictures' parts exchanged."""
    return _hard_light(upper, lower.clip(0, 1))


MODES: Final[dict[str, Callable[[F32, F32], F32]]] = {
    "normal": _normal,
    "grain_merge": _grain_merge,
    "soft_light": _soft_light,
    "overlay": _overlay,
    "hard_light": _hard_light,
    "multiply": _multiply,
    "screen": _screen,
}
