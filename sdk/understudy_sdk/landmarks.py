"""What do the 68 landmarks mean, and how does a mean face place them?

iBUG order. "Right" and "left" are the subject's: the right eye lies on the picture's left.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "ALIGNED",
    "COUNT",
    "INNER_LIPS",
    "JAW",
    "LEFT_BROW",
    "LEFT_EYE",
    "MIRRORED",
    "MOUTH",
    "NOSE",
    "RIGHT_BROW",
    "RIGHT_EYE",
    "TEMPLATE",
    "expand_brows",
]

COUNT: Final = 68
JAW: Final = slice(0, 17)
RIGHT_BROW: Final = slice(17, 22)
LEFT_BROW: Final = slice(22, 27)
NOSE: Final = slice(27, 36)
RIGHT_EYE: Final = slice(36, 42)
LEFT_EYE: Final = slice(42, 48)
MOUTH: Final = slice(48, 68)
INNER_LIPS: Final = slice(60, 68)

_MIRROR_PAIRS: Final = (
    *((0, 16), (1, 15), (2, 14), (3, 13), (4, 12), (5, 11), (6, 10), (7, 9)),
    *((17, 26), (18, 25), (19, 24), (20, 23), (21, 22)),
    *((31, 35), (32, 34)),
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),
    *((60, 64), (61, 63), (65, 67)),
)


def _mirrored_order() -> npt.NDArray[np.intp]:
    order = np.arange(COUNT, dtype=np.intp)
    for one, other in _MIRROR_PAIRS:
        order[one], order[other] = other, one
    order.flags.writeable = False
    return order


MIRRORED: Final = _mirrored_order()
"""Which landmark of the mirrored face stands at each place: ``mirrored[i] = flipped[MIRRORED[i]]``; its own inverse."""

ALIGNED: Final = (*range(17, 49), 54)
"""The landmarks that place a crop: brows, nose, eyes and both corners of the mouth. Jaw and lips move too much."""

_TEMPLATE_ALL: Final = (
    (0.000213, 0.106454), (0.075262, 0.038915), (0.181130, 0.018748), (0.290770, 0.034489), (0.393397, 0.077391),
    (0.586856, 0.077391), (0.689483, 0.034489), (0.799124, 0.018748), (0.904991, 0.038915), (0.980040, 0.106454),
    (0.490127, 0.203352), (0.490127, 0.307009), (0.490127, 0.409805), (0.490127, 0.515625),
    (0.366880, 0.587326), (0.426036, 0.609345), (0.490127, 0.628106), (0.554217, 0.609345), (0.613373, 0.587326),
    (0.121737, 0.216423), (0.187122, 0.178758), (0.265825, 0.179852),
    (0.334606, 0.231733), (0.260918, 0.245099), (0.182743, 0.244077),
    (0.645647, 0.231733), (0.714428, 0.179852), (0.793132, 0.178758),
    (0.858516, 0.216423), (0.797510, 0.244077), (0.719335, 0.245099),
    (0.254149, 0.780233), (0.340985, 0.745405), (0.428858, 0.727388), (0.490127, 0.742578), (0.551395, 0.727388),
    (0.639268, 0.745405), (0.726104, 0.780233), (0.642159, 0.864805), (0.556721, 0.902192), (0.490127, 0.909281),
    (0.423532, 0.902192), (0.338094, 0.864805),
    (0.290379, 0.784792), (0.428096, 0.778746), (0.490127, 0.785343), (0.552157, 0.778746), (0.689874, 0.784792),
    (0.553364, 0.824182), (0.490127, 0.831803), (0.426890, 0.824182),
)  # fmt: skip


def _template() -> npt.NDArray[np.float64]:
    points = np.array(_TEMPLATE_ALL, np.float64)
    points.flags.writeable = False
    return points


TEMPLATE: Final = _template()
"""float64 (51, 2): landmarks 17 to 67 of the mean face in the unit square, x to the right, y down.

The mean face of the 300-W annotations, scaled so that brows, eyes and nose span the square; DeepFaceLab aligns to it.
"""


def expand_brows(landmarks: npt.NDArray[np.floating], expansion: float = 1.0) -> npt.NDArray[np.int64]:
    """Lift the brows away from the eyes, so that a hull around them takes in some of the forehead.

    Whole pixels throughout, as DeepFaceLab draws its masks: coordinates are cut to integers first.

    Args:
        landmarks: float (68, 2), x y in px.
        expansion: 0 leaves the brows where they are; 1 moves them by half their distance from the eyes' upper edge.

    Returns:
        int64 (68, 2), x y in px.
    """
    points = landmarks.astype(np.int64)
    right_middle, left_middle = (points[36] + points[0]) // 2, (points[16] + points[45]) // 2
    right_outer, left_outer = (points[36] + right_middle) // 2, (points[45] + left_middle) // 2
    right_base = np.stack([right_outer, *points[36:40]])
    left_base = np.stack([*points[42:46], left_outer])
    for brow, base in ((RIGHT_BROW, right_base), (LEFT_BROW, left_base)):
        points[brow] = (points[brow] + 0.5 * expansion * (points[brow] - base)).astype(np.int64)
    return points
