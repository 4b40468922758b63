"""Where do the points of a face mesh go when a face opens its mouth, blinks, smiles or lifts its brows?

Point numbers are those of MediaPipe's 468-point face mesh. All shifts are worked out in the portrait's own pixels and
scale with the face, so any portrait with such a mesh can be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk.types import F64

__all__ = ["CHIN", "FACE_OVAL", "INNER_LIPS_LOWER", "INNER_LIPS_UPPER", "Expression", "express"]


FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
CHIN: Final = 152
MOUTH_CORNERS: Final = (61, 291)
INNER_LIPS_UPPER: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LIPS_LOWER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_LIP: Final = (
    95, 88, 178, 87, 14, 317, 402, 318, 324, 96, 89, 179, 86, 15, 316, 403, 319, 325,
    77, 90, 180, 85, 16, 315, 404, 320, 307, 146, 91, 181, 84, 17, 314, 405, 321, 375,
)  # fmt: skip
UPPER_LIP: Final = (
    191, 80, 81, 82, 13, 312, 311, 310, 415, 183, 42, 41, 38, 12, 268, 271, 272, 407,
    184, 74, 73, 72, 11, 302, 303, 304, 408, 185, 40, 39, 37, 0, 267, 269, 270, 409,
)  # fmt: skip
BROWS: Final = ((70, 63, 105, 66, 107, 46, 53, 52, 65, 55), (300, 293, 334, 296, 336, 276, 283, 282, 295, 285))
# of each eye: the rim of the upper lid, the rim of the lower lid facing it, and the fold above the upper lid
EYES: Final = (
    ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155), (30, 29, 27, 28, 56, 190, 247)),
    ((466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382), (260, 259, 257, 258, 286, 414, 467)),
)


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face does, each from 0 (as in the portrait) to 1 (strong).

    Attributes:
        mouth_open: The jaw drops.
        smile: The corners of the mouth go out and up; negative values purse the lips.
        blink: The eyes close.
        brows: The brows rise; negative values lower them.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    blink: float = 0.0
    brows: float = 0.0


def express(mesh: F64, expression: Expression) -> F64:
    """Return the mesh (468, 3) with the expression on it, in the same pixels."""
    moved = mesh.copy()
    moved[:, :2] += _smile(mesh) * expression.smile
    moved[:, 1] += _brows(mesh) * expression.brows
    moved[:, 1] += _jaw(mesh) * expression.mouth_open
    for upper, lower, fold in EYES:
        gap = moved[lower, :2] - moved[upper, :2]
        moved[upper, :2] += gap * (0.92 * expression.blink)
        moved[fold, :2] += gap.mean(axis=0) * (0.35 * expression.blink)
        moved[lower, :2] -= gap * (0.08 * expression.blink)
    return moved


def _mouth(mesh: F64) -> tuple[F64, float, float]:
    """Return the mouth's centre, half its width and the height from it down to the chin."""
    left, right = mesh[MOUTH_CORNERS[0], :2], mesh[MOUTH_CORNERS[1], :2]
    lips = mesh[[13, 14], :2].mean(axis=0)
    return lips, float(np.linalg.norm(right - left)) / 2, float(mesh[CHIN, 1] - lips[1])


def _jaw(mesh: F64) -> F64:
    """Return how far down each point goes when the jaw drops."""
    centre, half_width, height = _mouth(mesh)
    sideways = np.abs(mesh[:, 0] - centre[0]) / half_width
    share = _step((mesh[:, 1] - centre[1]) / height, -0.05, 0.5) * (1 - _step(sideways, 1.0, 2.6))
    across = np.clip(1 - sideways**2, 0, 1)
    share[list(LOWER_LIP)] = np.maximum(0.15, across[list(LOWER_LIP)] ** 0.6)
    share[list(UPPER_LIP)] = -0.07 * across[list(UPPER_LIP)]
    share[[78, 308, *MOUTH_CORNERS, 62, 76, 292, 306]] = 0.12
    return share * (0.34 * height)


def _smile(mesh: F64) -> F64:
    """Return each point's shift (468, 2) when the corners of the mouth go out and up."""
    centre, half_width, _ = _mouth(mesh)
    shift = np.zeros((len(mesh), 2))
    for corner in MOUTH_CORNERS:
        at = mesh[corner, :2]
        near = np.exp(-((mesh[:, :2] - at) ** 2).sum(axis=1) / (2 * (0.6 * half_width) ** 2))
        outwards = np.sign(at[0] - centre[0])
        shift += near[:, None] * np.array([0.26 * outwards, -0.30]) * half_width
    return shift


def _brows(mesh: F64) -> F64:
    """Return how far down each point goes (so less than 0) when the brows rise."""
    eye_span = float(np.linalg.norm(mesh[263, :2] - mesh[33, :2]))
    shift = np.zeros(len(mesh))
    for brow in BROWS:
        points = mesh[list(brow), :2]
        distance = np.sqrt(((mesh[:, None, :2] - points[None]) ** 2).sum(axis=2)).min(axis=1)
        below = mesh[:, 1] > points[:, 1].max()
        reach = np.where(below, 0.10, 0.22) * eye_span
        shift = np.minimum(shift, -np.exp(-((distance / reach) ** 2)))
    return shift * (0.085 * eye_span)


def _step(values: F64, low: float, high: float) -> F64:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((values - low) / (high - low), 0, 1)
    smooth: F64 = t * t * (3 - 2 * t)
    return smooth
